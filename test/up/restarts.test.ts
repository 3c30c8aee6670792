import { runIsolated } from './isolated.ts'

await runIsolated('restarts-scenario.ts', 240_000)
