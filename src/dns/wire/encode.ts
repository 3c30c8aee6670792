import { assert } from '#base'
import { tcpBytesMax } from '../limits.ts'
import { flag, recordType } from './codes.ts'
import type { Edns, Message, ResourceRecord } from './message.ts'
import { labelKey, type Name } from './name.ts'

/**
 * A message of at most `bytesMax` bytes, names compressed. Records that do not fit are left out
 * from the end: without answers or authorities the message is marked as truncated, additional ones
 * are nobody's claim.
 */
export function encodeMessage(message: Message, bytesMax: number): Uint8Array {
  assert(bytesMax >= 512 && bytesMax <= tcpBytesMax, 'a message may be of 512 to 65,535 bytes')
  const writer = new Writer()
  const { edns, question } = message
  writer.uint16(message.id)
  writer.uint16(0)
  for (let i = 0; i < 4; i++) writer.uint16(0)
  if (question !== undefined) {
    writer.name(question.name, true)
    writer.uint16(question.type)
    writer.uint16(question.class)
  }
  const room = bytesMax - (edns === undefined ? 0 : ednsBytes)
  const counts = [question === undefined ? 0 : 1]
  let cut = false
  for (const section of [message.answers, message.authorities]) {
    const written = cut ? 0 : writer.records(section, room)
    counts.push(written)
    if (written < section.length) cut = true
  }
  let additionals = cut ? 0 : writer.records(message.additionals, room)
  if (edns !== undefined) {
    writer.edns(edns, message.rcode >> 4)
    additionals++
  }
  counts.push(additionals)
  writer.uint16At(2, message.flags | (cut ? flag.truncated : 0) | (message.rcode & 0xf))
  for (const [i, count] of counts.entries()) writer.uint16At(4 + 2 * i, count)
  return writer.taken()
}

const ednsBytes = 11

/** Types whose names may be compressed; a server's is not one of them (RFC 2782). */
const compressed = new Set<number>([
  recordType.NS,
  recordType.CNAME,
  recordType.SOA,
  recordType.PTR,
  recordType.MX,
])

/** For the message being written, and one record more; there is one at a time. */
const scratch = Buffer.allocUnsafeSlow(2 * tcpBytesMax + 1024)

class Writer {
  #at = 0
  /** Where names, and ends of names, stand. */
  readonly #known = new Map<string, number>()

  uint16(value: number): void {
    this.#at = scratch.writeUInt16BE(value, this.#at)
  }

  uint16At(at: number, value: number): void {
    scratch.writeUInt16BE(value, at)
  }

  /** How many of the records ended before `room`; the first that did not is taken back. */
  records(records: readonly ResourceRecord[], room: number): number {
    for (const [i, record] of records.entries()) {
      const from = this.#at
      this.#record(record)
      if (this.#at <= room) continue
      this.#at = from
      return i
    }
    return records.length
  }

  edns({ udpBytes, version, dnssecOk }: Edns, rcodeHigh: number): void {
    this.#uint8(0)
    this.uint16(recordType.OPT)
    this.uint16(udpBytes)
    this.#uint8(rcodeHigh)
    this.#uint8(version)
    this.uint16(dnssecOk ? 0x8000 : 0)
    this.uint16(0)
  }

  name(name: Name, compress: boolean): void {
    for (let i = 0; i < name.length; i++) {
      const label = name[i] ?? ''
      assert(label.length > 0 && label.length < 64, 'a label has 1 to 63 bytes')
      const rest = name.slice(i).map(labelKey).join('.')
      const known = compress ? this.#known.get(rest) : undefined
      if (known !== undefined) return this.uint16(0xc000 | known)
      if (this.#at < 0x4000 && !this.#known.has(rest)) this.#known.set(rest, this.#at)
      this.#uint8(label.length)
      this.#at += scratch.write(label, this.#at, 'latin1')
    }
    this.#uint8(0)
  }

  taken(): Uint8Array {
    return Buffer.from(scratch.subarray(0, this.#at))
  }

  #record({ name, type, class: recordClass, ttl, data }: ResourceRecord): void {
    this.name(name, true)
    this.uint16(type)
    this.uint16(recordClass)
    this.#at = scratch.writeUInt32BE(ttl, this.#at)
    const lengthAt = this.#at
    this.uint16(0)
    for (const part of data) {
      if (part instanceof Uint8Array) {
        scratch.set(part, this.#at)
        this.#at += part.length
      } else this.name(part, compressed.has(type))
    }
    this.uint16At(lengthAt, this.#at - lengthAt - 2)
  }

  #uint8(value: number): void {
    this.#at = scratch.writeUInt8(value, this.#at)
  }
}
