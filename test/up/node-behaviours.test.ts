import { runIsolated } from './isolated.ts'

await runIsolated('node-behaviours-scenario.ts', 240_000)
