import assert from 'node:assert/strict'
import { it } from 'node:test'
import { VirtualClock } from '#base'
import { logStream } from './log-stream.ts'

it('is not followed any more when it breaks', async () => {
  let followers = 0
  const source = logStream({
    clock: new VirtualClock(),
    query: {
      follow: true,
      previous: false,
      timestamps: false,
      sinceMs: undefined,
      tailLines: undefined,
      limitBytes: undefined,
    },
    run() {
      throw new Error('connection reset by peer')
    },
    subscribe() {
      followers++
      return () => followers--
    },
  })
  await assert.rejects(source.read(), /connection reset by peer/)
  assert.equal(followers, 0)
})
