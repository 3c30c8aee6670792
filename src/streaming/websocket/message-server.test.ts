import assert from 'node:assert/strict'
import { it } from 'node:test'
import { ctx, listen } from '../testing/loopback.ts'
import { requestUpgrade } from '../upgrade-client.ts'
import { WebSocketConnection } from './connection.ts'
import { acceptMessages } from './message-server.ts'

it('speaks in whole messages, drops what it is told, and says farewell', async () => {
  await using server = await listen(async (request) => {
    const messages = acceptMessages(request, ['b', 'a'], ctx)
    await messages.send('text', Buffer.from(messages.subprotocol))
    await messages.send('binary', Buffer.from([1, 2]))
    await messages.close()
    await messages.closed
  })
  const offers = { websocket: ['x', 'a', 'b'], spdy: [] }
  const { pipe } = await requestUpgrade(server.target(['websocket']), offers, ctx)
  const socket = new WebSocketConnection(pipe, { ...ctx, role: 'client' })
  await socket.write('text', Buffer.from('ignored'))
  const got: string[] = []
  for (let piece = await socket.read(); piece !== undefined; piece = await socket.read()) {
    got.push(`${piece.text ? 'text' : 'binary'} ${piece.bytes.toString('hex')}`)
  }
  assert.deepEqual(got, [`text ${Buffer.from('a').toString('hex')}`, 'binary 0102'])
  assert.deepEqual(server.failures, [])
})

it('refuses a client that speaks none of its subprotocols', async () => {
  await using server = await listen(async (request) => void acceptMessages(request, ['a'], ctx))
  const offers = { websocket: ['x'], spdy: [] }
  const upgrading = requestUpgrade(server.target(['websocket']), offers, ctx)
  await assert.rejects(upgrading, { httpStatus: 403 })
})
