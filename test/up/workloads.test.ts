import { runIsolated } from './isolated.ts'

await runIsolated('workloads-scenario.ts', 240_000)
