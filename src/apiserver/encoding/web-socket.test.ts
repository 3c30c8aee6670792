import assert from 'node:assert/strict'
import { Duplex } from 'node:stream'
import { it } from 'node:test'
import { realRandom } from '#base'
import { limits } from '../limits.ts'
import type { ByteSink } from '../request.ts'
import { ManualClock } from '../testing/manual-clock.ts'
import { apiRequest } from '../testing/server.ts'
import { watchOverWebSocket } from './web-socket.ts'

it('cuts off the watcher of a watch that has ended who takes nothing', async () => {
  const clock = new ManualClock()
  const opened = Promise.withResolvers<ByteSink>()
  let closed = 0
  const body = {
    type: 'stream' as const,
    open(sink: ByteSink) {
      opened.resolve(sink)
      return { close: () => closed++ }
    },
  }
  const ctx = { clock, random: realRandom }
  const answer = watchOverWebSocket(apiRequest('GET', '/', {}), body, 'application/json', ctx)
  // A peer that reads nothing: no write is ever done.
  const socket = new Duplex({ read() {}, write() {} })
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': Buffer.alloc(16).toString('base64'),
  }
  const over = answer.accept({ headers, socket, head: new Uint8Array() })
  const sink = await opened.promise
  sink.write(Buffer.from(`${'x'.repeat(100_000)}\n`))
  sink.end()
  clock.advance(limits.watchFlushMs - 1)
  assert.equal(socket.destroyed, false)
  clock.advance(1)
  assert.equal(socket.destroyed, true)
  await over
  assert.equal(closed, 1)
})
