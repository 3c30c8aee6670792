import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { closePayload, opcode, webSocketFrame, WebSocketReader } from './frames.ts'

function read(bytes: Uint8Array, masked = false) {
  return [...new WebSocketReader({ masked }).push(bytes)]
}

describe('WebSocket frames', () => {
  it('are read as they were written, however they are cut, masked or not', () => {
    const message = fc.record({
      text: fc.boolean(),
      length: fc.oneof(fc.integer({ min: 0, max: 130 }), fc.constantFrom(65_535, 65_536)),
    })
    const property = fc.property(
      fc.array(message, { maxLength: 5 }),
      fc.option(fc.uint8Array({ minLength: 4, maxLength: 4 }), { nil: undefined }),
      fc.integer({ min: 1, max: 50_000 }),
      (messages, mask, step) => {
        const payloads = messages.map(({ length }) =>
          Buffer.from(Uint8Array.from({ length }, (_, index) => index * 7)),
        )
        const frames = messages.map(({ text }, index) =>
          webSocketFrame(
            text ? opcode.text : opcode.binary,
            payloads[index] ?? Buffer.alloc(0),
            mask,
          ),
        )
        const bytes = Buffer.concat(frames)
        const reader = new WebSocketReader({ masked: mask !== undefined })
        const got: { text: boolean; bytes: Buffer[]; end: boolean }[] = []
        for (let at = 0; at < bytes.length; at += step) {
          // The reader unmasks in place.
          for (const piece of reader.push(Buffer.from(bytes.subarray(at, at + step)))) {
            assert.equal(piece.type, 'data')
            if (piece.type !== 'data') continue
            if (piece.start) got.push({ text: piece.text, bytes: [], end: false })
            const last = got.at(-1)
            last?.bytes.push(piece.bytes)
            if (last !== undefined) last.end = piece.end
          }
        }
        assert.deepEqual(
          got.map(({ text, bytes: pieces, end }) => ({ text, end, bytes: Buffer.concat(pieces) })),
          messages.map(({ text }, index) => ({ text, end: true, bytes: payloads[index] })),
        )
      },
    )
    fc.assert(property, { numRuns: 60 })
  })

  it('never make the reader do anything but answer or refuse', () => {
    const property = fc.property(
      fc.uint8Array({ maxLength: 60 }),
      fc.boolean(),
      (bytes, masked) => {
        try {
          read(bytes, masked)
        } catch (error) {
          assert.ok(error instanceof Error)
          assert.equal(error.name, 'StreamingError')
        }
      },
    )
    fc.assert(property, { numRuns: 500 })
  })

  it('may come between the fragments of a message', () => {
    const bytes = Buffer.from([0x02, 1, 65, 0x89, 1, 66, 0x00, 0, 0x80, 1, 67])
    assert.deepEqual(
      read(bytes).map((piece) => (piece.type === 'data' ? [piece.start, piece.end] : piece.type)),
      [[true, false], 'ping', [false, false], [false, true]],
    )
  })

  it('tell why a peer closes', () => {
    const frame = webSocketFrame(opcode.close, closePayload(1000, 'bye'), undefined)
    assert.deepEqual(read(frame), [{ type: 'close', code: 1000, reason: 'bye' }])
    assert.deepEqual(read(Buffer.from([0x88, 0])), [{ type: 'close', code: 1005, reason: '' }])
    // 123 bytes fit, and no half of a character.
    assert.equal(closePayload(1000, 'ä'.repeat(100)).length, 2 + 122)
  })

  const wrong: readonly { what: string; bytes: readonly number[]; masked?: boolean }[] = [
    { what: 'an unmasked frame from a client', bytes: [0x82, 1, 0], masked: true },
    { what: 'a masked frame from a server', bytes: [0x82, 0x81, 0, 0, 0, 0, 0] },
    { what: 'reserved bits', bytes: [0xc2, 0] },
    { what: 'an unknown opcode', bytes: [0x83, 0] },
    { what: 'an unknown control opcode', bytes: [0x8b, 0] },
    { what: 'a fragmented ping', bytes: [0x09, 0] },
    { what: 'a long ping', bytes: [0x89, 126, 0, 126] },
    { what: 'a continuation of nothing', bytes: [0x80, 0] },
    { what: 'a message within another', bytes: [0x02, 0, 0x82, 0] },
    { what: 'a length of 16 bits that fits into 7', bytes: [0x82, 126, 0, 125] },
    {
      what: 'a length of 64 bits that fits into 16',
      bytes: [0x82, 127, 0, 0, 0, 0, 0, 0, 255, 255],
    },
    { what: 'half a close code', bytes: [0x88, 1, 3] },
    { what: 'a close code never sent', bytes: [0x88, 2, 0x03, 0xed] },
    { what: 'a close code out of range', bytes: [0x88, 2, 0x13, 0x88] },
  ]
  for (const { what, bytes, masked } of wrong) {
    it(`refuse ${what}`, () => {
      assert.throws(() => read(Uint8Array.from(bytes), masked), { reason: 'ProtocolError' })
    })
  }

  it('refuse a length beyond all numbers', () => {
    const bytes = Buffer.from([0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255])
    assert.throws(() => read(bytes), { reason: 'LimitExceeded' })
  })
})
