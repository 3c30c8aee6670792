import type { Service } from '#api'
import { prefixEnd, type Compare, type Op } from '#store'
import { follow, type Lookup } from '../../lookup.ts'
import type { Registry } from '../../registry/call.ts'
import type { PortRange } from '../dependencies.ts'
import type { ServiceName } from './addresses.ts'
import { nodePortsOf } from './service-fields.ts'

const services = { group: '', resource: 'services' }
const randomProbes = 16

/** Why a port cannot be had, in upstream's words. */
export class PortError extends Error {
  override readonly name = 'PortError'
}

/** The writes that take or free a port. */
export interface PortWrite {
  readonly compare: readonly Compare[]
  readonly op: Op
}

/**
 * The node ports of Services. Which are in use is read from the Services; a record for each port,
 * written in the transaction that writes the Service and only if its key stands as it was seen,
 * keeps several servers on one store from giving a port twice.
 *
 * Differs from Kubernetes: upstream keeps one bitmap for all at /registry/ranges/servicenodeports
 * and repairs it in a loop. The records below that key concern nobody else, can be missing for
 * Services that upstream stored, and need no repair: one whose Service is gone is taken over.
 */
export class NodePorts {
  readonly #range: PortRange
  readonly #registry: Pick<Registry, 'cache' | 'random' | 'store'>
  /** Port → how many Services have it. */
  readonly #used = new Map<number, number>()

  constructor(
    lookup: Lookup,
    range: PortRange,
    registry: Pick<Registry, 'cache' | 'random' | 'store'>,
  ) {
    this.#range = range
    this.#registry = registry
    follow<Service>(lookup, services, ({ object, previous }) => {
      for (const port of portsOf(previous)) this.#count(port, -1)
      for (const port of portsOf(object)) this.#count(port, 1)
    })
  }

  /** Takes a port that a client chose. Throws a PortError where it cannot be had. */
  async claim(port: number, owner: ServiceName): Promise<PortWrite> {
    const { from, to } = this.#range
    if (port < from || port > to) {
      throw new PortError(
        `provided port is not in the valid range. The range of valid ports is ${from}-${to}`,
      )
    }
    // It may have been given back through another server.
    if (this.#used.has(port)) await this.#registry.cache.fresh()
    const write = await this.#take(port, owner)
    if (write === undefined) throw new PortError('provided port is already allocated')
    return write
  }

  /**
   * A free port that is none of `besides`: from the upper part of the range as long as there is
   * one, so that who chooses from the lower part seldom finds it taken (KEP-3668).
   */
  async pick(
    owner: ServiceName,
    besides: ReadonlySet<number>,
  ): Promise<PortWrite & { readonly port: number }> {
    for (const port of this.#candidates()) {
      if (besides.has(port)) continue
      const write = await this.#take(port, owner)
      if (write !== undefined) return { ...write, port }
    }
    throw new PortError('range is full')
  }

  release(port: number): PortWrite {
    return { compare: [], op: { type: 'delete', key: keyOf(port) } }
  }

  *#candidates(): Generator<number, undefined> {
    const { random } = this.#registry
    const { from, to } = this.#range
    const size = to - from + 1
    const lower = size < 16 ? 0 : Math.min(Math.max(16, Math.floor(size / 32)), 128)
    for (const [start, count] of [
      [from + lower, size - lower],
      [from, lower],
    ] as const) {
      if (count <= 0) continue
      for (let probe = 0; probe < randomProbes; probe++) yield start + random.integer(count)
      const first = random.integer(count)
      for (let step = 0; step < count; step++) yield start + ((first + step) % count)
    }
  }

  /** Undefined when a Service has the port. */
  async #take(port: number, owner: ServiceName): Promise<PortWrite | undefined> {
    if (this.#used.has(port)) return undefined
    const key = keyOf(port)
    const { store, cache } = this.#registry
    const { records, revision } = await store.range({ start: key, end: prefixEnd(key) })
    const record = records.find((one) => one.key === key)
    if (record !== undefined) {
      // Another server's Service may be on its way here; without one the record is left over.
      await cache.reached(revision)
      if (this.#used.has(port)) return undefined
    }
    const value = Buffer.from(JSON.stringify(owner))
    return {
      compare: [{ key, modRevision: record?.modRevision ?? 0 }],
      op: { type: 'put', key, value: new Uint8Array(value) },
    }
  }

  #count(port: number, by: number): void {
    const count = (this.#used.get(port) ?? 0) + by
    if (count <= 0) this.#used.delete(port)
    else this.#used.set(port, count)
  }
}

/** All node ports of a Service, each once; its health check port is one of them. */
function portsOf(service: Service | undefined): ReadonlySet<number> {
  if (service === undefined) return new Set()
  const { ports, healthCheckNodePort = 0 } = service.spec
  const used = new Set(nodePortsOf(ports))
  if (healthCheckNodePort !== 0) used.add(healthCheckNodePort)
  return used
}

function keyOf(port: number): string {
  return `/registry/ranges/servicenodeports/${port}`
}
