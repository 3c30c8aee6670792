import { unreachable, type Random } from '#base'
import { formatIp } from '#machinery'
import { aliasesMax } from '../limits.ts'
import { rcode, recordType } from '../wire/codes.ts'
import type { Question, ResourceRecord } from '../wire/message.ts'
import { labelKey, nameKey, type Name } from '../wire/name.ts'
import { lookUp, type Target } from './lookup.ts'
import * as record from './record.ts'
import type { ServiceIndex } from './service-index.ts'
import { shuffled } from './shuffle.ts'
import { reverseAddress, type Zone, type Zones } from './zones.ts'

/** What a question is answered with; of the header, only what is decided here. */
export interface Answer {
  readonly rcode: number
  readonly authoritative: boolean
  readonly answers: readonly ResourceRecord[]
  readonly authorities: readonly ResourceRecord[]
  readonly additionals: readonly ResourceRecord[]
}

export type Decision =
  | { readonly to: 'answer'; readonly answer: Answer }
  /** The name is not of the cluster. */
  | { readonly to: 'forward' }
  /** An alias leads out of the cluster: the answer goes on with that of the target. */
  | { readonly to: 'follow'; readonly aliases: readonly ResourceRecord[]; readonly target: Name }

export interface Cluster {
  readonly zones: Zones
  readonly index: ServiceIndex
  /** Of this server. */
  readonly addresses: readonly Uint8Array[]
  readonly random: Random
}

/**
 * The answer to a question of class IN, as the Kubernetes DNS specification says it, version
 * 1.1.0, and CoreDNS where that leaves it open. It depends on nothing but its arguments.
 */
export function decide(cluster: Cluster, question: Question): Decision {
  const aliases: ResourceRecord[] = []
  let { name } = question
  for (;;) {
    const zone = cluster.zones.of(name)
    if (zone === undefined) {
      return aliases.length === 0 ? { to: 'forward' } : { to: 'follow', aliases, target: name }
    }
    const { records, additionals = [], alias } = recordsAt(cluster, zone, name, question.type)
    if (alias !== undefined && !typesOfAlias.includes(question.type)) {
      // A loop of aliases has no end to tell.
      if (aliases.length === aliasesMax) return { to: 'answer', answer: failure }
      aliases.push(record.aliasRecord(name, alias))
      name = alias
      continue
    }
    const asked = records?.filter(
      ({ type }) => type === question.type || question.type === recordType.ANY,
    )
    if (asked === undefined) return nothing(cluster, zone, rcode.nameError, aliases)
    if (asked.length === 0) return nothing(cluster, zone, rcode.noError, aliases)
    const answers = [...aliases, ...shuffled(cluster.random, asked)]
    return { to: 'answer', answer: { ...authoritative, answers, additionals } }
  }
}

/** Asked for these, an alias is the answer and not on the way to it. */
const typesOfAlias: readonly number[] = [recordType.CNAME, recordType.ANY]

const authoritative: Answer = {
  rcode: rcode.noError,
  authoritative: true,
  answers: [],
  authorities: [],
  additionals: [],
}

const failure: Answer = { ...authoritative, rcode: rcode.serverFailure, authoritative: false }

/** Undefined records: there is no such name. */
interface Records {
  readonly records: readonly ResourceRecord[] | undefined
  readonly additionals?: readonly ResourceRecord[]
  readonly alias?: Name
}

function recordsAt(cluster: Cluster, zone: Zone, name: Name, type: number): Records {
  if (name.length === zone.name.length) return apexRecords(cluster, name, type)
  if (zone.is === 'reverse') return { records: pointerRecords(cluster, name) }
  const below = name.slice(0, name.length - zone.name.length).map(labelKey)
  const found = lookUp(cluster.index, below)
  switch (found.is) {
    case 'absent':
      return { records: undefined }
    case 'empty':
      return { records: [] }
    case 'alias':
      return { records: [record.aliasRecord(name, found.target)], alias: found.target }
    case 'targets':
      return targetRecords(cluster, name, found.targets, type)
    case 'version':
      return { records: [record.versionRecord(name)] }
    case 'name server':
      return { records: cluster.addresses.map((address) => record.addressRecord(name, address)) }
    default:
      return unreachable(found)
  }
}

function apexRecords(cluster: Cluster, name: Name, asked: number): Records {
  const { zones, index, addresses } = cluster
  const servers = nameServers(cluster)
  const named = asked === recordType.NS ? servers : []
  return {
    records: [
      record.authorityRecord(name, zones.domain, index.serial),
      ...servers.map((server) => record.nameServerRecord(name, server)),
    ],
    additionals: named.flatMap((server) =>
      addresses.map((address) => record.addressRecord(server, address)),
    ),
  }
}

/** The Services that have this server's addresses, such as kube-dns; else a name of its own. */
function nameServers({ zones, index, addresses }: Cluster): Name[] {
  const names = addresses
    .flatMap((address) => [...index.servicesAt(formatIp([...address]))])
    .map(({ namespace, name }) => [name, namespace, 'svc', ...zones.domain])
  const unique = [...new Map(names.map((name) => [nameKey(name), name])).values()]
  return unique.length > 0 ? unique : [['ns', 'dns', ...zones.domain]]
}

function pointerRecords({ zones, index }: Cluster, name: Name): ResourceRecord[] | undefined {
  const address = reverseAddress(name)
  if (address === undefined) return undefined
  if (address === 'part') return []
  const ip = formatIp(address)
  const services = [...index.servicesAt(ip)].map(({ namespace, name }) => [name, namespace])
  const owners =
    services.length > 0
      ? services
      : [...index.endpointsAt(ip)].map((each) => [each.hostname, each.name, each.namespace])
  const unique = new Map(owners.map((labels) => [nameKey(labels), labels]))
  if (unique.size === 0) return undefined
  return [...unique.values()].map((labels) =>
    record.pointerRecord(name, [...labels, 'svc', ...zones.domain]),
  )
}

function targetRecords(
  { zones }: Cluster,
  name: Name,
  targets: readonly Target[],
  asked: number,
): Records {
  const addresses = new Map<string, ResourceRecord>()
  const servers = new Map<string, { readonly port: number; readonly target: Name }>()
  const additionals = new Map<string, ResourceRecord>()
  const wantsServers = asked === recordType.SRV || asked === recordType.ANY
  for (const target of targets) {
    const full = [...target.name, ...zones.domain]
    const key = nameKey(target.name)
    for (const address of target.addresses) {
      const text = address.join('.')
      addresses.set(text, record.addressRecord(name, address))
      if (wantsServers) additionals.set(`${key}/${text}`, record.addressRecord(full, address))
    }
    if (!wantsServers) continue
    for (const port of target.ports) servers.set(`${key}/${port}`, { port, target: full })
  }
  // All alike, however many there are.
  const weight = Math.max(1, Math.floor(100 / Math.max(1, servers.size)))
  return {
    records: [
      ...addresses.values(),
      ...[...servers.values()].map(({ port, target }) =>
        record.serviceRecord(name, weight, port, target),
      ),
    ],
    additionals: asked === recordType.SRV ? [...additionals.values()] : [],
  }
}

/** With the zone's record of authority, which says how long this may be kept (RFC 2308). */
function nothing(
  { zones, index }: Cluster,
  zone: Zone,
  code: number,
  answers: readonly ResourceRecord[],
): Decision {
  const authorities = [record.authorityRecord(zone.name, zones.domain, index.serial)]
  return { to: 'answer', answer: { ...authoritative, rcode: code, answers, authorities } }
}
