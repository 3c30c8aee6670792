import { formatTime, type Random } from '#base'
import { IPAddress, type ServiceCIDR } from '#api'
import { encodeCanonical, formatIp, parseIp, storageKey, type KubeObject } from '#machinery'
import type { Compare, Op } from '#store'
import type { Lookup } from '../../lookup.ts'
import type { Registry } from '../../registry/call.ts'
import { addressIn, addressRange, inRange, type AddressRange } from './address-range.ts'
import type { IpFamily } from './ip-families.ts'

const ipAddresses = { group: 'networking.k8s.io', resource: 'ipaddresses' }
const serviceCidrs = { group: 'networking.k8s.io', resource: 'servicecidrs' }

/** Places tried at random before the range is searched from there on. */
const randomProbes = 16

export interface ServiceName {
  readonly namespace: string
  readonly name: string
}

/** Why an address cannot be had, in upstream's words. */
export class AddressError extends Error {
  override readonly name = 'AddressError'
}

/**
 * The addresses of Services: an IPAddress object for each, written in the transaction that writes
 * the Service and only if its key is free (KEP-1880). That is what keeps several servers on one
 * store from giving an address twice; what the watch cache shows only spares attempts. ServiceCIDR
 * objects say the ranges.
 */
export class Addresses {
  readonly #lookup: Lookup
  readonly #registry: Pick<Registry, 'cache' | 'clock' | 'random'>
  #parsed: { readonly text: string; readonly ranges: readonly AddressRange[] } | undefined

  constructor(lookup: Lookup, registry: Pick<Registry, 'cache' | 'clock' | 'random'>) {
    this.#lookup = lookup
    this.#registry = registry
  }

  /** Checks that an address a client chose can be had. Throws an AddressError where not. */
  async claim(address: string): Promise<string> {
    const canonical = formatIp(parseIp(address) ?? [])
    const ranges = this.#ranges()
    if (!ranges.some((range) => inRange(range, canonical))) {
      const valid = ranges.map(({ cidr }) => cidr).join(', ')
      throw new AddressError(
        `the provided IP (${address}) is not in the valid range. The range of valid IPs is ${valid}`,
      )
    }
    // It may have been given back through another server.
    if (this.#isTaken(canonical)) await this.#registry.cache.fresh()
    if (this.#isTaken(canonical)) throw new AddressError('provided IP is already allocated')
    return canonical
  }

  /** A free address, from the part of a range that nobody chooses from as long as there is one. */
  pick(family: IpFamily): string {
    const ranges = this.#ranges().filter((range) => range.family === family)
    for (const range of ranges) {
      const { size, reserved } = range
      const found =
        this.#search(range, reserved, size - reserved) ?? this.#search(range, 0n, reserved)
      if (found !== undefined) return found
    }
    throw new AddressError('range is full')
  }

  /** The writes that make a Service the owner of an address. */
  take(address: string, owner: ServiceName): { readonly compare: Compare; readonly op: Op } {
    const { cache, clock, random } = this.#registry
    const object: KubeObject & Pick<IPAddress, 'spec'> = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IPAddress',
      metadata: {
        name: address,
        uid: random.uuid(),
        creationTimestamp: formatTime(clock.now()),
        labels: {
          'ipaddress.kubernetes.io/ip-family': address.includes(':') ? 'IPv6' : 'IPv4',
          'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
        },
      },
      spec: { parentRef: { resource: 'services', ...owner } },
    }
    const key = storageKey(IPAddress, '', address)
    const written = encodeCanonical(IPAddress.faces[0], object)
    cache.expect(written.encoded.bytes, { resource: IPAddress, ...written })
    return {
      compare: { key, modRevision: 0 },
      op: { type: 'put', key, value: written.encoded.bytes },
    }
  }

  /** The writes that free an address, unless it is somebody else's. */
  release(
    address: string,
    owner: ServiceName,
  ): { readonly compare: Compare; readonly op: Op } | undefined {
    const found = this.#lookup.get<IPAddress>(ipAddresses, '', address)
    const { resource, namespace, name } = found?.spec.parentRef ?? {}
    if (found === undefined || resource !== 'services') return undefined
    if (namespace !== owner.namespace || name !== owner.name) return undefined
    const key = storageKey(IPAddress, '', address)
    const modRevision = Number(found.metadata.resourceVersion)
    return { compare: { key, modRevision }, op: { type: 'delete', key } }
  }

  #search(range: AddressRange, from: bigint, count: bigint): string | undefined {
    if (count <= 0n) return undefined
    const { random } = this.#registry
    for (let probe = 0; probe < randomProbes; probe++) {
      const address = addressIn(range, from + randomBelow(random, count))
      if (!this.#isTaken(address)) return address
    }
    // So many places are taken at most, so one more must hold a free one, if there is one.
    const taken = BigInt(this.#registry.cache.cache(IPAddress).size)
    const steps = taken + 1n < count ? taken + 1n : count
    const start = randomBelow(random, count)
    for (let step = 0n; step < steps; step++) {
      const address = addressIn(range, from + ((start + step) % count))
      if (!this.#isTaken(address)) return address
    }
    return undefined
  }

  #isTaken(address: string): boolean {
    return this.#lookup.get(ipAddresses, '', address) !== undefined
  }

  /** Of the objects that are ready; one that nothing is said about yet counts as ready. */
  #ranges(): readonly AddressRange[] {
    const cidrs: string[] = []
    for (const one of this.#lookup.list<ServiceCIDR>(serviceCidrs)) {
      const ready = one.status.conditions?.find(({ type }) => type === 'Ready')
      if (one.metadata.deletionTimestamp !== undefined) continue
      if (ready === undefined || ready.status === 'True') cidrs.push(...(one.spec.cidrs ?? []))
    }
    const text = cidrs.join()
    if (this.#parsed?.text !== text) {
      this.#parsed = { text, ranges: cidrs.flatMap((cidr) => addressRange(cidr) ?? []) }
    }
    return this.#parsed.ranges
  }
}

function randomBelow(random: Random, count: bigint): bigint {
  const bound = count < 0x1_0000_0000n ? Number(count) : 0x1_0000_0000
  return BigInt(random.integer(bound))
}
