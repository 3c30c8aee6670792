import { join } from 'node:path'
import { runIsolated } from '../node/isolated.ts'

await runIsolated(join(import.meta.dirname, 'shop-scenario.ts'))
