import { formatIp } from '#machinery'
import { recordType, typeName } from '../wire/codes.ts'
import type { ResourceRecord } from '../wire/message.ts'
import type { Name } from '../wire/name.ts'

/** A record as a zone file has it. */
export function recordText({ name, type, ttl, data }: ResourceRecord): string {
  return `${nameText(name)} ${ttl} ${typeName(type)} ${data.map((part) => partText(type, part)).join(' ')}`
}

function nameText(name: Name): string {
  return `${name.join('.')}.`
}

function partText(type: number, part: Uint8Array | Name): string {
  if (!(part instanceof Uint8Array)) return nameText(part)
  if (type === recordType.A || type === recordType.AAAA) return formatIp([...part])
  if (type === recordType.TXT) return JSON.stringify(Buffer.from(part).toString('latin1', 1))
  const width = type === recordType.SOA ? 4 : 2
  const bytes = Buffer.from(part)
  const numbers = Array.from({ length: bytes.length / width }, (_, i) =>
    bytes.readUIntBE(i * width, width),
  )
  return numbers.join(' ')
}
