import { runIsolated } from './isolated.ts'

await runIsolated('healing-scenario.ts', 300_000)
