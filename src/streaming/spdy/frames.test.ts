import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { constants, createDeflate, deflateSync } from 'node:zlib'
import { limits } from '../limits.ts'
import { dictionary } from './dictionary.ts'
import { SpdyFrameReader, SpdyFrameWriter, uint31Max, type SpdyFrame } from './frames.ts'

const headers = fc
  .dictionary(fc.stringMatching(/^[a-z0-9:-]{1,20}$/), fc.string({ maxLength: 50 }))
  .map((each) =>
    Object.fromEntries(Object.entries(each).map(([k, v]) => [k, v.replaceAll('\0', '')])),
  )
const id = fc.integer({ min: 1, max: uint31Max })
const word = fc.integer({ min: 0, max: 0xffffffff })
const frame: fc.Arbitrary<SpdyFrame> = fc.oneof(
  fc.record({
    type: fc.constant('data' as const),
    id,
    bytes: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fin: fc.boolean(),
  }),
  fc.record({
    type: fc.constant('synStream' as const),
    id,
    headers,
    fin: fc.boolean(),
    unidirectional: fc.boolean(),
  }),
  fc.record({
    type: fc.constantFrom('synReply' as const, 'headers' as const),
    id,
    headers,
    fin: fc.boolean(),
  }),
  fc.record({ type: fc.constant('rstStream' as const), id, status: word }),
  fc.record({
    type: fc.constant('settings' as const),
    initialWindow: fc.option(fc.integer({ min: 0, max: uint31Max }), { nil: undefined }),
  }),
  fc.record({ type: fc.constant('ping' as const), id: word }),
  fc.record({ type: fc.constant('goAway' as const), lastGoodId: id, status: word }),
  fc.record({ type: fc.constant('windowUpdate' as const), id, delta: id }),
)

function read(bytes: Uint8Array): SpdyFrame[] {
  return [...new SpdyFrameReader().push(bytes)]
}

function control(type: number, payload: Uint8Array, version = 3): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt16BE(0x8000 | version)
  head.writeUInt16BE(type, 2)
  head.writeUIntBE(payload.length, 5, 3)
  return Buffer.concat([head, payload])
}

/** A SYN_STREAM with such a header block, uncompressed. */
function synStream(block: Uint8Array): Buffer {
  const compressed = deflateSync(block, { dictionary, finishFlush: constants.Z_SYNC_FLUSH })
  return control(1, Buffer.concat([Buffer.from([0, 0, 0, 1, 0, 0, 0, 0, 0, 0]), compressed]))
}

function block(...texts: readonly string[]): Buffer {
  const length = (value: number) => Buffer.from([0, 0, value >> 8, value & 0xff])
  return Buffer.concat([
    length(texts.length / 2),
    ...texts.flatMap((text) => [length(text.length), Buffer.from(text)]),
  ])
}

describe('SPDY frames', () => {
  it('are read as they were written, however they are cut', () => {
    const property = fc.property(
      fc.array(frame, { maxLength: 12 }),
      fc.integer({ min: 1, max: 400 }),
      (frames, step) => {
        const writer = new SpdyFrameWriter()
        const bytes = Buffer.concat(frames.map((each) => writer.write(each)))
        const reader = new SpdyFrameReader()
        const got: SpdyFrame[] = []
        for (let at = 0; at < bytes.length; at += step) {
          for (const each of reader.push(bytes.subarray(at, at + step))) got.push(each)
        }
        assert.deepEqual(whole(got), whole(frames))
      },
    )
    fc.assert(property, { numRuns: 200 })
  })

  it('never make the reader do anything but answer or refuse', () => {
    const property = fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, like) => {
      if (like && bytes.length > 2) bytes.set([0x80, 3, 0], 0)
      try {
        read(bytes)
      } catch (error) {
        assert.ok(error instanceof Error)
        assert.equal(error.name, 'StreamingError')
      }
    })
    fc.assert(property, { numRuns: 500 })
  })

  it('has the dictionary of the draft', () => {
    const start = deflateSync(Buffer.from('x'), { dictionary }).subarray(0, 6)
    assert.equal(start.toString('hex'), '78bbe3c6a7c2')
  })

  it('reads what zlib itself compresses, over several blocks of one stream', async () => {
    const deflate = createDeflate({ dictionary })
    const reader = new SpdyFrameReader()
    for (const streamtype of ['error', 'data', 'error', 'x'.repeat(40_000), 'data']) {
      const headers = { streamtype, port: '80' }
      deflate.write(block(...Object.entries(headers).flat()))
      deflate.flush(constants.Z_SYNC_FLUSH)
      let compressed = Buffer.alloc(0)
      while (!compressed.toString('hex').endsWith('0000ffff')) {
        const bytes: Buffer | null = deflate.read()
        if (bytes === null) await once(deflate, 'readable')
        else compressed = Buffer.concat([compressed, bytes])
      }
      const frame = control(1, Buffer.concat([Buffer.alloc(10), compressed]))
      const [got] = reader.push(frame)
      assert.deepEqual(got?.type === 'synStream' && got.headers, headers)
    }
    deflate.close()
  })

  it('passes over control frames and flags it does not know', () => {
    assert.deepEqual(read(control(0x77, Buffer.alloc(5))), [])
    const ping = control(6, Buffer.from([0, 0, 0, 7]))
    ping.writeUInt8(0xf0, 4)
    assert.deepEqual(read(ping), [{ type: 'ping', id: 7 }])
  })

  const wrong: readonly { what: string; bytes: Buffer; reason?: string }[] = [
    { what: 'another version', bytes: control(6, Buffer.alloc(4), 2) },
    { what: 'data for stream 0', bytes: Buffer.alloc(8) },
    { what: 'a ping of another length', bytes: control(6, Buffer.alloc(5)) },
    { what: 'a short reset', bytes: control(3, Buffer.alloc(7)) },
    { what: 'a short stream', bytes: control(1, Buffer.alloc(9)) },
    { what: 'settings that say another count', bytes: control(4, Buffer.from([0, 0, 0, 2])) },
    { what: 'headers without compression', bytes: control(2, Buffer.alloc(40, 7)) },
    { what: 'a header name in upper case', bytes: synStream(block('Port', '80')) },
    { what: 'a header without name', bytes: synStream(block('', '80')) },
    { what: 'a header twice', bytes: synStream(block('a', '1', 'a', '2')) },
    { what: 'bytes after the headers', bytes: synStream(Buffer.alloc(9)) },
    { what: 'headers that end early', bytes: synStream(Buffer.from([0, 0, 0, 1, 0, 0, 0, 9])) },
    {
      what: 'more headers than allowed',
      bytes: synStream(Buffer.from([0xff, 0xff, 0xff, 0xff])),
      reason: 'LimitExceeded',
    },
    {
      what: 'a bomb of headers',
      bytes: synStream(block('a', 'x'.repeat(60_000), 'b', 'x'.repeat(60_000))),
      reason: 'LimitExceeded',
    },
    {
      what: 'a control frame too large, by its head alone',
      bytes: control(1, Buffer.alloc(limits.controlFrameBytesMax + 1)).subarray(0, 8),
      reason: 'LimitExceeded',
    },
  ]
  for (const { what, bytes, reason = 'ProtocolError' } of wrong) {
    it(`refuses ${what}`, () => assert.throws(() => read(bytes), { reason }))
  }

  it('refuses another dictionary and blocks that are not flushed', () => {
    const prefix = Buffer.alloc(10)
    const plain = deflateSync(block('a', 'b'), { finishFlush: constants.Z_SYNC_FLUSH })
    assert.throws(() => read(control(1, Buffer.concat([prefix, plain]))), /another dictionary/)
    const ended = deflateSync(block('a', 'b'), { dictionary })
    assert.throws(() => read(control(1, Buffer.concat([prefix, ended]))), /not flushed/)
  })
})

/** Pieces of one DATA frame put together, for how they are cut says nothing. */
function whole(frames: readonly SpdyFrame[]): SpdyFrame[] {
  const out: SpdyFrame[] = []
  for (const each of frames) {
    const last = out.at(-1)
    if (each.type === 'data' && last?.type === 'data' && last.id === each.id && !last.fin) {
      last.bytes = Buffer.concat([last.bytes, each.bytes])
      last.fin = each.fin
    } else {
      out.push(each.type === 'data' ? { ...each, bytes: Buffer.from(each.bytes) } : { ...each })
    }
  }
  return out
}
