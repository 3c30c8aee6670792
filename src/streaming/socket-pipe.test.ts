import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import { socketPipe } from './socket-pipe.ts'

/** A client of a peer that says a word and then resets the connection. */
async function resetSocket(): Promise<Socket> {
  const server = createServer((peer) => {
    peer.on('error', () => {})
    peer.write('word')
    peer.once('data', () => peer.resetAndDestroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('close', () => server.close())
}

describe('a pipe over a socket', () => {
  it('tells what came before a reset, and then of the reset', async () => {
    const socket = await resetSocket()
    const pipe = socketPipe(socket)
    const closed = once(socket, 'close').catch(() => undefined)
    await once(socket, 'readable')
    await pipe.write(Buffer.from('go'))
    await closed
    assert.equal(Buffer.from((await pipe.read()) ?? []).toString(), 'word')
    await assert.rejects(pipe.read(), { reason: 'ConnectionLost' })
    await assert.rejects(pipe.write(Buffer.from('more')), { reason: 'ConnectionLost' })
  })

  it('tells nothing any more once it is given up', async () => {
    const socket = await resetSocket()
    const pipe = socketPipe(socket)
    await once(socket, 'readable')
    pipe.abort()
    await assert.rejects(pipe.read(), { reason: 'Closed' })
  })
})
