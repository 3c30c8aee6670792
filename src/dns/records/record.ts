import { classInternet, recordType } from '../wire/codes.ts'
import type { RecordData, ResourceRecord } from '../wire/message.ts'
import type { Name } from '../wire/name.ts'
import type { Address } from './service-index.ts'

/** In seconds, as the configuration that Kubernetes ships for its DNS has it. */
export const clusterTtl = 30

/** Of the text that tells the version of the specification. */
const versionTtl = 28_800

/** Of the Kubernetes DNS specification. */
const schemaVersion = '1.1.0'

export function addressRecord(name: Name, address: Address): ResourceRecord {
  return record(name, address.length === 4 ? recordType.A : recordType.AAAA, [address])
}

export function aliasRecord(name: Name, target: Name): ResourceRecord {
  return record(name, recordType.CNAME, [target])
}

export function pointerRecord(name: Name, target: Name): ResourceRecord {
  return record(name, recordType.PTR, [target])
}

export function nameServerRecord(zone: Name, server: Name): ResourceRecord {
  return record(zone, recordType.NS, [server])
}

export function serviceRecord(name: Name, weight: number, port: number, target: Name) {
  const numbers = Buffer.alloc(6)
  numbers.writeUInt16BE(weight, 2)
  numbers.writeUInt16BE(port, 4)
  return record(name, recordType.SRV, [Uint8Array.from(numbers), target])
}

export function versionRecord(name: Name): ResourceRecord {
  const text = Uint8Array.of(schemaVersion.length, ...Buffer.from(schemaVersion))
  return { ...record(name, recordType.TXT, [text]), ttl: versionTtl }
}

/** Its last number is how long an answer that there is nothing may be kept. */
export function authorityRecord(zone: Name, domain: Name, serial: number): ResourceRecord {
  const numbers = Buffer.alloc(20)
  for (const [i, value] of [serial, 7200, 1800, 86_400, clusterTtl].entries()) {
    numbers.writeUInt32BE(value, 4 * i)
  }
  const server = ['ns', 'dns', ...domain]
  return record(zone, recordType.SOA, [server, ['hostmaster', ...domain], Uint8Array.from(numbers)])
}

function record(name: Name, type: number, data: RecordData): ResourceRecord {
  return { name, type, class: classInternet, ttl: clusterTtl, data }
}
