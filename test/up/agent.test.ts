import { runIsolated } from './isolated.ts'

await runIsolated('agent-scenario.ts', 240_000)
