import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '#base'
import { Client } from './client.ts'
import type { Call, Transport } from './transport.ts'

test('a client lets what is under way end, and sends nothing more once its signal has fired', async () => {
  const sent: Call[] = []
  const answer = Promise.withResolvers<unknown>()
  const transport: Transport = {
    send: (call) => (sent.push(call), answer.promise),
    watch: () => ({ close() {} }),
    [Symbol.asyncDispose]: () => assert.fail('it belongs to the client it was made from'),
  }
  const ending = new AbortController()
  const client = new Client(transport, new VirtualClock()).until(ending.signal)
  const first = client.send({ method: 'POST', path: '/first' })
  ending.abort()
  const second = assert.rejects(client.send({ method: 'POST', path: '/second' }), {
    name: 'ConnectionError',
    reason: 'Closed',
  })
  answer.resolve('done')
  assert.equal(await first, 'done')
  await second
  assert.deepEqual(
    sent.map(({ path }) => path),
    ['/first'],
  )
  await client[Symbol.asyncDispose]()
})
