import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { DnsError } from '../error.ts'
import * as record from '../records/record.ts'
import { message, queryBytes } from '../testing/query.ts'
import { flag } from './codes.ts'
import { decodeHeader, decodeMessage, decodeQuery } from './decode.ts'
import { encodeMessage } from './encode.ts'
import { Framing, framed } from './framing.ts'
import type { ResourceRecord } from './message.ts'
import { nameKey, nameOf } from './name.ts'

const label = fc
  .uint8Array({ minLength: 1, maxLength: 20 })
  .map((bytes) => Buffer.from(bytes).toString('latin1'))
const name = fc.array(label, { maxLength: 6 })
const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const data = fc.oneof(
  fc.tuple(fc.constant(1), fc.tuple(bytesOf(4))),
  fc.tuple(fc.constant(28), fc.tuple(bytesOf(16))),
  fc.tuple(fc.constant(16), fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }))),
  fc.tuple(fc.constantFrom(2, 5, 12), fc.tuple(name)),
  fc.tuple(fc.constant(15), fc.tuple(bytesOf(2), name)),
  fc.tuple(fc.constant(33), fc.tuple(bytesOf(6), name)),
  fc.tuple(fc.constant(6), fc.tuple(name, name, bytesOf(20))),
)
const records = fc.array(
  fc.tuple(name, data, fc.nat(0x7fffffff)).map(([owner, [type, parts], ttl]): ResourceRecord => ({
    name: owner,
    type,
    class: 1,
    ttl,
    data: parts.map((part) => (Array.isArray(part) ? part : Uint8Array.from(part))),
  })),
  { maxLength: 8 },
)

describe('messages', () => {
  it('are read as they were written, but for the case of letters in repeated names', () => {
    const lower = (each: ResourceRecord) => ({
      ...each,
      name: nameKey(each.name),
      data: each.data.map((part) => (part instanceof Uint8Array ? [...part] : nameKey(part))),
    })
    fc.assert(
      fc.property(name, records, records, records, (asked, answers, authorities, additionals) => {
        const sent = message({
          question: { name: asked, type: 1, class: 1 },
          answers,
          authorities,
          additionals,
          edns: { version: 0, udpBytes: 1400, dnssecOk: true },
          rcode: 16,
        })
        const read = decodeMessage(encodeMessage(sent, 65_535))
        assert.deepEqual(read.question, sent.question)
        assert.deepEqual(read.answers.map(lower), answers.map(lower))
        assert.deepEqual(read.authorities.map(lower), authorities.map(lower))
        assert.deepEqual(read.additionals.map(lower), additionals.map(lower))
        assert.deepEqual([read.edns, read.rcode, read.id], [sent.edns, 16, 7])
      }),
      { numRuns: 300 },
    )
  })

  it('have names once only, where that is allowed', () => {
    const question = { name: nameOf('a.example.org'), type: 1, class: 1 }
    const address = record.addressRecord(question.name, Uint8Array.of(192, 0, 2, 1))
    const bytes = encodeMessage(message({ question, answers: [address, address] }), 512)
    // 12 of the header, 19 of the question, and 16 for each record whose name is a pointer.
    assert.equal(bytes.length, 12 + 19 + 2 * 16)
    const service = record.serviceRecord(question.name, 1, 80, nameOf('b.example.org'))
    const longer = encodeMessage(message({ question, answers: [service] }), 512)
    assert.equal(longer.length, 12 + 19 + 12 + 6 + 15)
  })

  it('that are too long say so, and hold as many answers as fit', () => {
    const question = { name: nameOf('many.example.org'), type: 1, class: 1 }
    const answers = Array.from({ length: 100 }, (_, i) =>
      record.addressRecord(question.name, Uint8Array.of(10, 0, 0, i)),
    )
    const edns = { version: 0, udpBytes: 1232, dnssecOk: false }
    const sent = message({ question, answers, authorities: answers, edns })
    const bytes = encodeMessage(sent, 512)
    const read = decodeMessage(bytes)
    assert.ok(bytes.length <= 512)
    assert.equal(read.answers.length, 29)
    assert.deepEqual([read.authorities.length, read.flags & flag.truncated], [0, flag.truncated])
    assert.deepEqual(read.edns, edns)
    const full = decodeMessage(encodeMessage({ ...sent, authorities: [] }, 4096))
    assert.deepEqual([full.answers.length, full.flags & flag.truncated], [100, 0])
  })

  it('leave out additional records without a word', () => {
    const question = { name: nameOf('many.example.org'), type: 33, class: 1 }
    const additionals = Array.from({ length: 100 }, (_, i) =>
      record.addressRecord(question.name, Uint8Array.of(10, 0, 0, i)),
    )
    const read = decodeMessage(encodeMessage(message({ question, additionals }), 512))
    assert.equal(read.flags & flag.truncated, 0)
    assert.ok(read.additionals.length > 20)
  })
})

describe('malformed messages', () => {
  const header = [0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]
  const rows: readonly (readonly [string, readonly number[]])[] = [
    ['no question', header],
    ['a name that does not end', [...header, 3, 97, 98]],
    ['a name that points to itself', [...header, 0xc0, 12, 0, 1, 0, 1]],
    ['a name that points forward', [...header, 0xc0, 40, 0, 1, 0, 1, ...Array<number>(40).fill(0)]],
    ['half a pointer', [...header, 0xc0]],
    ['a label of an unknown sort', [...header, 0x41, 0, 0, 1, 0, 1]],
    [
      'a name of 256 bytes',
      [...header, ...Array.from({ length: 128 }, () => [1, 97]).flat(), 0, 0, 1, 0, 1],
    ],
    ['no class', [...header, 0, 0, 1, 0]],
    ['two questions', [0, 7, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 1, 0, 1]],
    [
      'records that are not there',
      [0, 7, 1, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 1, 0, 1],
    ],
    [
      'EDNS twice',
      [
        [0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 1, 0, 1],
        [0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 0],
      ].flat(),
    ],
    [
      'EDNS not at the root',
      [
        [0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1],
        [1, 97, 0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 0],
      ].flat(),
    ],
  ]
  for (const [what, numbers] of rows) {
    it(`with ${what} are refused`, () => {
      const bytes = Uint8Array.from(numbers)
      const read = decodeHeader(bytes)
      assert.ok(read !== undefined)
      assert.throws(() => decodeQuery(bytes, read), { name: 'DnsError', reason: 'Malformed' })
    })
  }

  it('are read or refused whatever their bytes are', () => {
    const check = (bytes: Uint8Array) => {
      const read = decodeHeader(bytes)
      for (const decode of [() => read && decodeQuery(bytes, read), () => decodeMessage(bytes)]) {
        try {
          decode()
        } catch (error) {
          assert.ok(error instanceof DnsError, String(error))
        }
      }
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), check), { numRuns: 2000 })
    const real = encodeMessage(
      message({
        question: { name: nameOf('a.b.example.org'), type: 6, class: 1 },
        answers: [record.authorityRecord(nameOf('example.org'), nameOf('org'), 1)],
        edns: { version: 0, udpBytes: 512, dnssecOk: false },
      }),
      512,
    )
    const changes = fc.array(fc.tuple(fc.nat(real.length - 1), fc.nat(255)), { maxLength: 4 })
    fc.assert(
      fc.property(changes, fc.nat(real.length), (each, length) => {
        const bytes = Uint8Array.from(real)
        for (const [at, value] of each) bytes[at] = value
        check(bytes.slice(0, length))
      }),
      { numRuns: 3000 },
    )
  })
})

describe('names', () => {
  it('are equal without case, byte by byte', () => {
    assert.equal(nameKey(['WWW', 'Example']), 'www.example')
    assert.notEqual(nameKey(['a.b']), nameKey(['a', 'b']))
    assert.notEqual(nameKey(['\u00c0']), nameKey(['\u00e0']))
  })
})

describe('a stream of messages', () => {
  it('is taken apart wherever it was cut', () => {
    const first = queryBytes('a.example', 'A')
    const second = queryBytes('b.example', 'AAAA')
    const stream = Buffer.concat([framed(first), framed(second)])
    for (let at = 0; at <= stream.length; at++) {
      const framing = new Framing()
      const messages = [stream.subarray(0, at), stream.subarray(at)].flatMap((each) =>
        framing.push(each),
      )
      assert.deepEqual(
        messages.map((each) => Buffer.from(each)),
        [first, second].map((each) => Buffer.from(each)),
      )
    }
  })
})
