import { realClock } from '#base'
import { sqliteStore, startApiServer } from './api-server.ts'

/** Starts an API server on a full store and watches the event loop: its longest stall. */
const { dataDir } = JSON.parse(process.argv[2] ?? '{}') as { dataDir: string }

export interface LoadObjectsResult {
  readonly totalMs: number
  readonly longestStallMs: number
}

let longestStallMs = 0
let last = realClock.elapsed()
let over = false
const tick = () => {
  const now = realClock.elapsed()
  longestStallMs = Math.max(longestStallMs, now - last)
  last = now
  if (!over) setImmediate(tick)
}

const store = await sqliteStore(`${dataDir}/store`)
const started = realClock.elapsed()
last = started
setImmediate(tick)
await startApiServer(store)
const result: LoadObjectsResult = { totalMs: realClock.elapsed() - started, longestStallMs }
over = true
process.stdout.write(JSON.stringify(result))
process.exit(0)
