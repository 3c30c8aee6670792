import { recordType } from './codes.ts'
import type { Edns, Message, Question, RecordData, ResourceRecord } from './message.ts'
import type { Name } from './name.ts'
import { malformed, Reader } from './reader.ts'

export interface Header {
  readonly id: number
  readonly flags: number
  readonly questions: number
  readonly records: readonly [answers: number, authorities: number, additionals: number]
}

export interface Query {
  readonly question: Question
  readonly edns: Edns | undefined
}

/** Undefined where there is not even a header, and so nobody to answer. */
export function decodeHeader(bytes: Uint8Array): Header | undefined {
  if (bytes.length < headerBytes) return undefined
  const reader = new Reader(bytes)
  const [id, flags, questions] = [reader.uint16(), reader.uint16(), reader.uint16()]
  return { id, flags, questions, records: [reader.uint16(), reader.uint16(), reader.uint16()] }
}

/**
 * The one question of a query, and its EDNS; other records are gone over and not looked at, so
 * that a query costs no more than its bytes. Throws a DnsError, Malformed.
 */
export function decodeQuery(bytes: Uint8Array, header: Header): Query {
  if (header.questions !== 1) throw malformed('a query has one question')
  const reader = new Reader(bytes)
  reader.skip(headerBytes)
  const question = readQuestion(reader)
  const [answers, authorities, additionals] = header.records
  for (let i = 0; i < answers + authorities; i++) {
    reader.skipName()
    reader.skip(8)
    reader.skip(reader.uint16())
  }
  let edns: Edns | undefined
  for (let i = 0; i < additionals; i++) {
    const from = reader.at
    reader.skipName()
    const isRoot = reader.at === from + 1
    if (reader.uint16() !== recordType.OPT) {
      reader.skip(6)
      reader.skip(reader.uint16())
      continue
    }
    if (!isRoot || edns !== undefined) throw malformed('EDNS is told once, at the root')
    edns = readEdns(reader).edns
  }
  return { question, edns }
}

/** A whole message, such as a resolver's answer. Throws a DnsError, Malformed. */
export function decodeMessage(bytes: Uint8Array): Message {
  const header = decodeHeader(bytes)
  if (header === undefined) throw malformed('it is shorter than a header')
  if (header.questions > 1) throw malformed('it has several questions')
  const reader = new Reader(bytes)
  reader.skip(headerBytes)
  const question = header.questions === 1 ? readQuestion(reader) : undefined
  const [answerCount, authorityCount, additionalCount] = header.records
  const answers = readRecords(reader, answerCount).records
  const authorities = readRecords(reader, authorityCount).records
  const { records: additionals, extended } = readRecords(reader, additionalCount)
  return {
    id: header.id,
    flags: header.flags & ~0xf,
    rcode: (header.flags & 0xf) | ((extended?.rcodeHigh ?? 0) << 4),
    question,
    answers,
    authorities,
    additionals,
    edns: extended?.edns,
  }
}

const headerBytes = 12

function readQuestion(reader: Reader): Question {
  return { name: reader.name(), type: reader.uint16(), class: reader.uint16() }
}

interface Extended {
  readonly edns: Edns
  readonly rcodeHigh: number
}

/** The claimed count allocates nothing: each record takes bytes of the message. */
function readRecords(reader: Reader, count: number) {
  const records: ResourceRecord[] = []
  let extended: Extended | undefined
  for (let i = 0; i < count; i++) {
    const name = reader.name()
    const type = reader.uint16()
    if (type === recordType.OPT) {
      if (extended !== undefined) throw malformed('EDNS is told once')
      extended = readEdns(reader)
      continue
    }
    const recordClass = reader.uint16()
    const ttl = validTtl(reader.uint32())
    records.push({ name, type, class: recordClass, ttl, data: readData(reader, type) })
  }
  return { records, extended }
}

/** With the type read. */
function readEdns(reader: Reader): Extended {
  const udpBytes = reader.uint16()
  const rcodeHigh = reader.uint8()
  const version = reader.uint8()
  const dnssecOk = (reader.uint16() & 0x8000) !== 0
  reader.skip(reader.uint16())
  return { edns: { version, udpBytes, dnssecOk }, rcodeHigh }
}

/** Where names stand in the data of types whose names may be compressed (RFC 3597, section 4). */
const layouts = new Map<number, readonly (number | 'name')[]>([
  [recordType.NS, ['name']],
  [recordType.CNAME, ['name']],
  [recordType.PTR, ['name']],
  [recordType.MX, [2, 'name']],
  [recordType.SRV, [6, 'name']],
  [recordType.SOA, ['name', 'name', 20]],
])

function readData(reader: Reader, type: number): RecordData {
  const length = reader.uint16()
  const layout = layouts.get(type)
  if (layout === undefined) return [reader.bytes(length)]
  const from = reader.at
  const data = layout.map((part): Uint8Array | Name =>
    part === 'name' ? reader.name() : reader.bytes(part),
  )
  if (reader.at !== from + length) throw malformed('the length of a record is not that of its data')
  return data
}

/** RFC 2181, section 8: what would be negative is 0. */
function validTtl(ttl: number): number {
  return ttl > 0x7fffffff ? 0 : ttl
}
