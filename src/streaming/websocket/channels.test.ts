import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readAll, type BytePipe } from '../byte-pipe.ts'
import { limits } from '../limits.ts'
import { ctx, pipePair } from '../testing/loopback.ts'
import { Channels, type ChannelsOptions } from './channels.ts'
import { WebSocketConnection } from './connection.ts'
import { closePayload, opcode, webSocketFrame, WebSocketReader } from './frames.ts'

const mask = Uint8Array.from([1, 2, 3, 4])
const options: ChannelsOptions = {
  count: 5,
  readable: [0, 4],
  base64: false,
  closeSignal: 'understood',
}

function serverOver(pipe: BytePipe, changed: Partial<ChannelsOptions> = {}): Channels {
  const socket = new WebSocketConnection(pipe, { ...ctx, role: 'server' })
  return new Channels(socket, { ...options, ...changed })
}

/** A client that says what the test says. */
class RawClient {
  readonly #pipe: BytePipe
  readonly #reader = new WebSocketReader({ masked: false })

  constructor(pipe: BytePipe) {
    this.#pipe = pipe
  }

  async send(code: number, payload: Uint8Array | string): Promise<void> {
    await this.#pipe.write(webSocketFrame(code, Buffer.from(payload), mask))
  }

  /** The next piece of any kind. */
  async next() {
    for (;;) {
      const bytes = await this.#pipe.read()
      if (bytes === undefined) return undefined
      for (const piece of this.#reader.push(bytes)) return piece
    }
  }
}

describe('channels of a WebSocket', () => {
  it('carry their bytes and, by v5, the end of stdin', async () => {
    await using pipes = await pipePair()
    const channels = serverOver(pipes.one)
    const client = new RawClient(pipes.other)
    await client.send(opcode.binary, '\0one ')
    await client.send(opcode.binary, '')
    await client.send(opcode.binary, Buffer.from([1, 65]))
    await client.send(opcode.binary, Buffer.from([77, 65]))
    await client.send(opcode.binary, '\0two')
    await client.send(opcode.binary, Buffer.from([255, 0]))
    assert.equal((await readAll(channels.stream(0), 100)).toString(), 'one two')
    await channels.stream(1).write(Buffer.from('out'))
    const piece = await client.next()
    assert.equal(piece?.type === 'data' && piece.bytes.toString(), '\x01out')
    await client.send(opcode.close, closePayload(1000, ''))
    assert.equal(await channels.stream(4).read(), undefined)
    assert.equal(await channels.closed, undefined)
  })

  it('are text in base64 where that was agreed, however messages are cut', async () => {
    await using pipes = await pipePair()
    const channels = serverOver(pipes.one, { base64: true, closeSignal: 'none' })
    const client = new RawClient(pipes.other)
    const text = Buffer.from('some words').toString('base64')
    await pipes.other.write(Buffer.from([0x01, 0x82, 0, 0, 0, 0, 0x30, text.charCodeAt(0)]))
    await pipes.other.write(Buffer.from([0x80, 0x80 + text.length - 1, 0, 0, 0, 0]))
    await pipes.other.write(Buffer.from(text.slice(1)))
    const reading = channels.stream(0)
    let got = ''
    while (got.length < 10) got += Buffer.from((await reading.read()) ?? []).toString()
    assert.equal(got, 'some words')
    await channels.stream(2).write(Buffer.from('err'))
    const piece = await client.next()
    assert.equal(piece?.type === 'data' && piece.text && piece.bytes.toString(), '2ZXJy')
    await client.send(opcode.text, '0no base64!')
    assert.equal((await channels.closed)?.reason, 'ProtocolError')
  })

  it('hold the peer back when one is not read', async () => {
    const message = Buffer.alloc(100_001)
    let taken = 0
    const channels = serverOver({
      async read() {
        taken++
        if (taken <= 100) return webSocketFrame(opcode.binary, message, mask)
        return webSocketFrame(opcode.close, closePayload(1000, ''), mask)
      },
      write: async () => undefined,
      end: async () => undefined,
      abort: () => undefined,
    })
    for (let turn = 0; turn < 50; turn++) await ctx.clock.yield()
    assert.equal(taken, Math.ceil((limits.unreadBytesMax + 1) / 100_000))
    const bytes = await readAll(channels.stream(0), 20_000_000)
    assert.equal(bytes.length, 10_000_000)
    assert.equal(await channels.closed, undefined)
  })

  it('answer pings, and refuse what is no WebSocket with the code that says so', async () => {
    await using pipes = await pipePair()
    const channels = serverOver(pipes.one)
    const client = new RawClient(pipes.other)
    await client.send(opcode.ping, 'are you there')
    const pong = await client.next()
    assert.equal(pong?.type === 'pong' && pong.bytes.toString(), 'are you there')
    await pipes.other.write(Buffer.from([0x82, 1, 0]))
    const close = await client.next()
    assert.equal(close?.type === 'close' && close.code, 1002)
    assert.equal((await channels.closed)?.reason, 'ProtocolError')
  })

  it('report a peer that hangs up or closes with a failure', async () => {
    for (const how of ['hangs up', 'fails'] as const) {
      await using pipes = await pipePair()
      const channels = serverOver(pipes.one)
      const client = new RawClient(pipes.other)
      if (how === 'hangs up') await pipes.other.end()
      else await client.send(opcode.close, closePayload(1011, 'broken'))
      await assert.rejects(channels.stream(0).read(), { reason: 'ConnectionLost' })
    }
  })
})
