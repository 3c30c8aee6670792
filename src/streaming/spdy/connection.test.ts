import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readAll, type BytePipe, type ByteStream } from '../byte-pipe.ts'
import { limits } from '../limits.ts'
import { ctx, pipePair } from '../testing/loopback.ts'
import { spdyConnection } from './connection.ts'
import { SpdyFrameReader, SpdyFrameWriter, type SpdyFrame } from './frames.ts'

/** A peer that says what the test says. */
class RawPeer {
  readonly #pipe: BytePipe
  readonly #reader = new SpdyFrameReader()
  readonly #writer = new SpdyFrameWriter()
  readonly #frames: SpdyFrame[] = []

  constructor(pipe: BytePipe) {
    this.#pipe = pipe
  }

  async send(...frames: readonly SpdyFrame[]): Promise<void> {
    for (const frame of frames) await this.#pipe.write(this.#writer.write(frame))
  }

  /** The types of the frames that come up to this one. */
  async upTo(type: SpdyFrame['type']): Promise<string[]> {
    const types: string[] = []
    while (types.at(-1) !== type) {
      const frame = this.#frames.shift()
      if (frame !== undefined) {
        types.push(frame.type)
        continue
      }
      const bytes = await this.#pipe.read()
      if (bytes === undefined) throw new Error(`the end came before ${type}`)
      this.#frames.push(...this.#reader.push(bytes))
    }
    return types
  }

  /** The next frame of this type; others before it are dropped. */
  async next<T extends SpdyFrame['type']>(type: T): Promise<Extract<SpdyFrame, { type: T }>> {
    for (;;) {
      const frame = this.#frames.shift()
      if (frame?.type === type) return frame as Extract<SpdyFrame, { type: T }>
      if (frame !== undefined) continue
      const bytes = await this.#pipe.read()
      if (bytes === undefined) throw new Error(`the end came before ${type}`)
      this.#frames.push(...this.#reader.push(bytes))
    }
  }
}

const server = { clock: ctx.clock, role: 'server' } as const
const client = { clock: ctx.clock, role: 'client' } as const

function synStream(id: number): SpdyFrame {
  return { type: 'synStream', id, headers: { streamtype: 'x' }, fin: false, unidirectional: false }
}

async function accepted(stream: Promise<ByteStream | undefined>): Promise<ByteStream> {
  const got = await stream
  if (got === undefined) throw new Error('no stream came')
  return got
}

describe('a SPDY connection', () => {
  it('ends each direction of a stream by itself', async () => {
    await using pipes = await pipePair()
    const one = spdyConnection(pipes.one, client)
    const other = spdyConnection(pipes.other, server)
    const [here, there] = await Promise.all([
      one.open({ streamType: 'data' }),
      accepted(other.accept()),
    ])
    assert.deepEqual(there.headers, { streamtype: 'data' })
    await here.write(Buffer.from('question'))
    await here.end()
    assert.equal((await readAll(there, 100)).toString(), 'question')
    await assert.rejects(here.write(Buffer.from('more')), { reason: 'Closed' })
    await there.write(Buffer.from('answer'))
    await there.end()
    assert.equal((await readAll(here, 100)).toString(), 'answer')
    await one.close()
    assert.equal(await one.closed, undefined)
    assert.equal(await other.closed, undefined)
    assert.equal(await other.accept(), undefined)
  })

  it('holds a writer back whose reader does not read, and no other stream', async () => {
    await using pipes = await pipePair()
    const one = spdyConnection(pipes.one, client)
    const other = spdyConnection(pipes.other, server)
    const [slow, slowEnd] = await Promise.all([one.open({}), accepted(other.accept())])
    const [quick, quickEnd] = await Promise.all([one.open({}), accepted(other.accept())])
    let written = 0
    const writing = (async () => {
      for (let i = 0; i < 200; i++) {
        await slow.write(Buffer.alloc(10_000))
        written += 10_000
      }
      await slow.end()
    })()
    for (let i = 0; i < 200; i++) {
      await quick.write(Buffer.alloc(10_000))
      for (let read = 0; read < 10_000;) read += (await quickEnd.read())?.length ?? 0
    }
    assert.ok(written <= limits.unreadBytesMax, `${written} bytes were taken`)
    assert.equal((await readAll(slowEnd, 3_000_000)).length, 2_000_000)
    await writing
    await one.close()
  })

  it('sends without end to a peer that keeps no windows, and within them to one that does', async () => {
    await using pipes = await pipePair()
    const connection = spdyConnection(pipes.one, client)
    const peer = new RawPeer(pipes.other)
    const opening = connection.open({})
    await peer.next('synStream')
    await peer.send({ type: 'synReply', id: 1, headers: {}, fin: false })
    const stream = await opening
    const all = stream.write(Buffer.alloc(300_000))
    let got = 0
    while (got < 300_000) got += (await peer.next('data')).bytes.length
    await all
    // It now says that it keeps windows, and of how many bytes: these are used up long ago.
    await peer.send({ type: 'settings', initialWindow: 300_010 }, { type: 'ping', id: 2 })
    await peer.next('ping')
    const more = stream.write(Buffer.alloc(100))
    await peer.send({ type: 'windowUpdate', id: 0, delta: 400_000 })
    assert.equal((await peer.next('data')).bytes.length, 10)
    await peer.send({ type: 'windowUpdate', id: 1, delta: 50 })
    assert.equal((await peer.next('data')).bytes.length, 50)
    await peer.send({ type: 'windowUpdate', id: 1, delta: 1000 })
    assert.equal((await peer.next('data')).bytes.length, 40)
    await more
    connection.abort()
  })

  it('grants more to a peer that keeps windows, and nothing to one that keeps none', async () => {
    for (const keepsWindows of [true, false]) {
      await using pipes = await pipePair()
      const connection = spdyConnection(pipes.one, server)
      const peer = new RawPeer(pipes.other)
      if (keepsWindows) await peer.send({ type: 'settings', initialWindow: 1_000_000 })
      await peer.send(synStream(1))
      const stream = await accepted(connection.accept())
      await peer.next('synReply')
      for (let sent = 0; sent < 1_000_000; sent += 10_000) {
        await peer.send({ type: 'data', id: 1, bytes: Buffer.alloc(10_000), fin: false })
        for (let read = 0; read < 10_000;) read += (await stream.read())?.length ?? 0
      }
      await peer.send({ type: 'ping', id: 1 })
      const said = await peer.upTo('ping')
      assert.equal(said.includes('windowUpdate'), keepsWindows)
      connection.abort()
    }
  })

  it('resets a stream whose window overflows, and only that', async () => {
    await using pipes = await pipePair()
    const connection = spdyConnection(pipes.one, server)
    const peer = new RawPeer(pipes.other)
    await peer.send(synStream(1), { type: 'windowUpdate', id: 1, delta: 0x7fffffff })
    assert.deepEqual(await peer.next('rstStream'), { type: 'rstStream', id: 1, status: 7 })
    await peer.send({ type: 'ping', id: 3 })
    assert.deepEqual(await peer.next('ping'), { type: 'ping', id: 3 })
    connection.abort()
  })

  it('reads what came before a cancel and then the end, but reports other resets', async () => {
    for (const status of [5, 6]) {
      await using pipes = await pipePair()
      const connection = spdyConnection(pipes.one, server)
      const peer = new RawPeer(pipes.other)
      await peer.send(synStream(1))
      const stream = await accepted(connection.accept())
      const bytes = Buffer.from('last words')
      await peer.send({ type: 'data', id: 1, bytes, fin: false })
      await peer.send({ type: 'rstStream', id: 1, status })
      if (status === 5) assert.equal((await readAll(stream, 100)).toString(), 'last words')
      else await assert.rejects(readAll(stream, 100), { reason: 'Reset' })
      await assert.rejects(stream.write(Buffer.from('x')), { reason: 'Reset' })
      connection.abort()
    }
  })

  it('reports a peer that hangs up with streams open, but not after a farewell', async () => {
    for (const farewell of [true, false]) {
      await using pipes = await pipePair()
      const connection = spdyConnection(pipes.one, server)
      const peer = new RawPeer(pipes.other)
      await peer.send(synStream(1))
      const stream = await accepted(connection.accept())
      if (farewell) await peer.send({ type: 'goAway', lastGoodId: 0, status: 0 })
      await pipes.other.end()
      if (farewell) assert.equal(await stream.read(), undefined)
      else await assert.rejects(stream.read(), { reason: 'ConnectionLost' })
      assert.equal((await connection.closed) === undefined, farewell)
    }
  })

  it('refuses streams beyond its limit and those it does not admit', async () => {
    await using pipes = await pipePair()
    const admits = (headers: object) => !('odd' in headers)
    const connection = spdyConnection(pipes.one, { ...server, admits })
    const peer = new RawPeer(pipes.other)
    await peer.send({ ...synStream(1), type: 'synStream', headers: { odd: '1' } } as SpdyFrame)
    assert.deepEqual(await peer.next('rstStream'), { type: 'rstStream', id: 1, status: 3 })
    for (let i = 0; i <= limits.streamsMax; i++) await peer.send(synStream(3 + 2 * i))
    const refused = await peer.next('rstStream')
    assert.deepEqual([refused.id, refused.status], [3 + 2 * limits.streamsMax, 3])
    connection.abort()
  })

  const wrong: readonly { what: string; frames: readonly SpdyFrame[] }[] = [
    { what: 'opens streams with our ids', frames: [synStream(2)] },
    { what: 'goes back in its ids', frames: [synStream(3), synStream(1)] },
    { what: 'opens a stream twice', frames: [synStream(1), synStream(1)] },
    { what: 'grants nothing', frames: [{ type: 'windowUpdate', id: 0, delta: 0 }] },
    {
      what: 'grants too much',
      frames: [{ type: 'windowUpdate', id: 0, delta: 0x7fffffff }],
    },
  ]
  for (const { what, frames } of wrong) {
    it(`says farewell to a peer that ${what}`, async () => {
      await using pipes = await pipePair()
      const connection = spdyConnection(pipes.one, server)
      const peer = new RawPeer(pipes.other)
      await peer.send(...frames)
      assert.equal((await peer.next('goAway')).status, 1)
      const why = await connection.closed
      assert.ok(why !== undefined && 'reason' in why && why.reason === 'ProtocolError')
    })
  }

  it('resets data for a stream that never was, and passes over what came too late', async () => {
    await using pipes = await pipePair()
    const connection = spdyConnection(pipes.one, server)
    const peer = new RawPeer(pipes.other)
    await peer.send({ type: 'data', id: 9, bytes: Buffer.from('x'), fin: false })
    assert.deepEqual(await peer.next('rstStream'), { type: 'rstStream', id: 9, status: 2 })
    await peer.send(synStream(11))
    const stream = await accepted(connection.accept())
    stream.abort()
    assert.equal((await peer.next('rstStream')).id, 11)
    await peer.send({ type: 'data', id: 11, bytes: Buffer.from('late'), fin: true })
    await peer.send({ type: 'ping', id: 1 })
    await peer.next('ping')
    connection.abort()
  })

  it('lets a peer go that asks and does not listen', async () => {
    await using pipes = await pipePair()
    const connection = spdyConnection(pipes.one, server)
    const ping = new SpdyFrameWriter().write({ type: 'ping', id: 1 })
    const flood = Buffer.concat(Array.from({ length: 5000 }, () => ping))
    const flooding = (async () => {
      for (let i = 0; i < 400; i++) await pipes.other.write(flood)
    })()
    const why = await connection.closed
    assert.ok(why !== undefined && 'reason' in why && why.reason === 'LimitExceeded')
    await assert.rejects(flooding)
  })
})
