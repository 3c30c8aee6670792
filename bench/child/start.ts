import { realClock } from '#base'
import { memoryStore, startApiServer } from './api-server.ts'

/** How long an API server takes to start in a process: the first time, and again and again. */
const msEach: number[] = []
for (let round = 0; round < 10; round++) {
  const started = realClock.elapsed()
  const store = await memoryStore()
  const server = await startApiServer(store)
  msEach.push(realClock.elapsed() - started)
  await server.shutdown()
  await store[Symbol.asyncDispose]()
}
process.stdout.write(JSON.stringify(msEach))
process.exit(0)
