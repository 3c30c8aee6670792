import { runIsolated } from './isolated.ts'

await runIsolated('lifecycle-scenario.ts', 240_000)
