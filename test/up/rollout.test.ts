import { runIsolated } from './isolated.ts'

await runIsolated('rollout-scenario.ts', 240_000)
