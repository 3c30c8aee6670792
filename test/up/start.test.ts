import { runIsolated } from './isolated.ts'

await runIsolated('start-scenario.ts', 180_000)
