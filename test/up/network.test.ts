import { runIsolated } from './isolated.ts'

await runIsolated('network-scenario.ts', 240_000)
