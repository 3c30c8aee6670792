import { join } from 'node:path'
import { runIsolated } from './isolated.ts'

await runIsolated(join(import.meta.dirname, 'server-scenario.ts'))
