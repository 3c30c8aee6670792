import type { Service, ServiceSpec } from '#api'
import { errors, field, FieldPath, mutable, type FieldError, type Mutable } from '#machinery'
import type { Compare, Op } from '#store'
import type { Alongside, AlongsideWrite } from '../kind-hooks.ts'
import { AddressError, type Addresses, type ServiceName } from './addresses.ts'
import { settleFamilies, type IpFamily } from './ip-families.ts'
import { PortError, type NodePorts } from './node-ports.ts'
import {
  hasClusterIpFields,
  needsClusterIp,
  needsHealthCheckPort,
  needsNodePorts,
  nodePortsOf,
  settleFields,
} from './service-fields.ts'

type Spec = Mutable<ServiceSpec>

export interface Pools {
  readonly addresses: Addresses
  readonly nodePorts: NodePorts
  /** The default family first. */
  readonly families: readonly IpFamily[]
}

/**
 * Completes a Service with addresses and node ports, and says what to write beside it so that
 * nobody else has them. What it held and holds no longer is freed in the same transaction.
 */
export async function allocate(pools: Pools, write: AlongsideWrite): Promise<Alongside> {
  const { draft, old, context } = write
  if (context.subresource !== '') return nothing
  const before = (old as Service | undefined)?.spec
  const owner = ownerOf(write)
  const writes = new Writes()
  if (draft === undefined) {
    releaseAll(pools, owner, before, undefined, writes)
    return writes
  }
  const service = draft as Mutable<Service>
  const spec = mutable(service.spec)
  service.spec = spec
  settleFields(spec, before)
  await new Allocation(pools, owner, spec, before, writes).run()
  releaseAll(pools, owner, before, spec, writes)
  return writes
}

const nothing: Alongside = { compare: [], ops: [] }

function ownerOf({ draft, old }: AlongsideWrite): ServiceName {
  const { namespace = '', name = '' } = (draft ?? old)?.metadata ?? {}
  return { namespace, name }
}

/** What is written beside the Service; a key is written once. */
class Writes implements Alongside {
  readonly compare: Compare[] = []
  readonly ops: Op[] = []

  add(compare: readonly Compare[], op: Op): void {
    this.compare.push(...compare)
    this.ops.push(op)
  }
}

/** One Service being completed. */
class Allocation {
  readonly #pools: Pools
  readonly #owner: ServiceName
  readonly #spec: Spec
  readonly #before: ServiceSpec | undefined
  readonly #writes: Writes

  constructor(
    pools: Pools,
    owner: ServiceName,
    spec: Spec,
    before: ServiceSpec | undefined,
    writes: Writes,
  ) {
    this.#pools = pools
    this.#owner = owner
    this.#spec = spec
    this.#before = before
    this.#writes = writes
  }

  async run(): Promise<void> {
    if (hasClusterIpFields(this.#spec)) {
      const problems = settleFamilies(this.#spec, this.#pools.families)
      if (problems.length > 0) throw this.#invalid(problems)
      if (needsClusterIp(this.#spec)) await this.#takeAddresses()
    }
    const held = new Set(nodePortsOf(this.#before?.ports))
    const heldForHealth = this.#before?.healthCheckNodePort ?? 0
    if (heldForHealth !== 0) held.add(heldForHealth)
    if (needsNodePorts(this.#spec)) await this.#takeNodePorts(held)
    if (needsHealthCheckPort(this.#spec)) await this.#takeHealthCheckPort(held)
  }

  async #takeAddresses(): Promise<void> {
    const { addresses } = this.#pools
    const held = new Set(this.#before?.clusterIPs ?? [])
    const given = this.#spec.clusterIPs ?? []
    const taken: string[] = []
    for (const [i, family] of (this.#spec.ipFamilies ?? []).entries()) {
      const wanted = given[i]
      if (wanted !== undefined && held.has(wanted)) {
        taken.push(wanted)
        continue
      }
      const address = wanted === undefined ? this.#pick(family) : await this.#claim(wanted)
      const { compare, op } = addresses.take(address, this.#owner)
      this.#writes.add([compare], op)
      taken.push(wanted ?? address)
    }
    this.#spec.clusterIPs = taken
    this.#spec.clusterIP = taken[0] ?? ''
  }

  #pick(family: '' | IpFamily): string {
    try {
      return this.#pools.addresses.pick(family === 'IPv6' ? 'IPv6' : 'IPv4')
    } catch (error) {
      if (!(error instanceof AddressError)) throw error
      throw errors.internalError(new Error(`failed to allocate a serviceIP: ${error.message}`))
    }
  }

  async #claim(address: string): Promise<string> {
    try {
      return await this.#pools.addresses.claim(address)
    } catch (error) {
      if (!(error instanceof AddressError)) throw error
      const why = `failed to allocate IP ${address}: ${error.message}`
      const path = FieldPath.root('spec', 'clusterIPs')
      throw this.#invalid([field.invalid(path, this.#spec.clusterIPs, why)])
    }
  }

  /** Ports of one number and several protocols share a node port. */
  async #takeNodePorts(held: ReadonlySet<number>): Promise<void> {
    const ports = this.#spec.ports ?? []
    const chosen = new Set(nodePortsOf(ports))
    const taken = new Set<number>()
    for (const [i, port] of ports.entries()) {
      const { nodePort = 0 } = port
      if (nodePort === 0 || held.has(nodePort) || taken.has(nodePort)) continue
      await this.#claimPort(nodePort, (why) =>
        this.#invalid([
          field.invalid(FieldPath.root('spec', 'ports').index(i).child('nodePort'), nodePort, why),
        ]),
      )
      taken.add(nodePort)
    }
    for (const port of ports) {
      if ((port.nodePort ?? 0) !== 0) continue
      const sibling = ports.find((one) => one !== port && one.port === port.port)?.nodePort ?? 0
      const shared = sibling !== 0 && !this.#clashes(port, sibling)
      port.nodePort = shared ? sibling : await this.#pickPort(chosen, 'a nodePort')
      chosen.add(port.nodePort)
    }
  }

  /** Whether another port of the same protocol has the node port. */
  #clashes({ protocol }: Mutable<NonNullable<Spec['ports']>[number]>, nodePort: number): boolean {
    return (this.#spec.ports ?? []).some(
      (one) => one.nodePort === nodePort && one.protocol === protocol,
    )
  }

  async #takeHealthCheckPort(held: ReadonlySet<number>): Promise<void> {
    const { healthCheckNodePort: wanted = 0 } = this.#spec
    if (wanted !== 0 && held.has(wanted)) return
    if (wanted === 0) {
      const chosen = new Set(nodePortsOf(this.#spec.ports))
      this.#spec.healthCheckNodePort = await this.#pickPort(chosen, 'a HealthCheck NodePort')
      return
    }
    await this.#claimPort(wanted, (why) =>
      errors.internalError(
        new Error(`failed to allocate requested HealthCheck NodePort ${wanted}: ${why}`),
      ),
    )
  }

  async #claimPort(port: number, refuse: (why: string) => Error): Promise<void> {
    try {
      const { compare, op } = await this.#pools.nodePorts.claim(port, this.#owner)
      this.#writes.add(compare, op)
    } catch (error) {
      throw error instanceof PortError ? refuse(error.message) : error
    }
  }

  async #pickPort(besides: ReadonlySet<number>, what: string): Promise<number> {
    try {
      const { port, compare, op } = await this.#pools.nodePorts.pick(this.#owner, besides)
      this.#writes.add(compare, op)
      return port
    } catch (error) {
      if (!(error instanceof PortError)) throw error
      throw errors.internalError(new Error(`failed to allocate ${what}: ${error.message}`))
    }
  }

  #invalid(problems: readonly FieldError[]): Error {
    return errors.invalid({ group: '', kind: 'Service' }, this.#owner.name, problems)
  }
}

/** Frees what was held before and is not held after; after a deletion that is everything. */
function releaseAll(
  { addresses, nodePorts }: Pools,
  owner: ServiceName,
  before: ServiceSpec | undefined,
  after: Spec | undefined,
  writes: Writes,
): void {
  if (before === undefined) return
  const kept = new Set(after?.clusterIPs ?? [])
  for (const address of before.clusterIPs ?? []) {
    if (address === 'None' || kept.has(address)) continue
    const released = addresses.release(address, owner)
    if (released !== undefined) writes.add([released.compare], released.op)
  }
  const ports = portsOf(after)
  for (const port of portsOf(before)) {
    if (ports.has(port)) continue
    const { compare, op } = nodePorts.release(port)
    writes.add(compare, op)
  }
}

function portsOf(spec: Spec | ServiceSpec | undefined): ReadonlySet<number> {
  const ports = new Set(nodePortsOf(spec?.ports))
  if ((spec?.healthCheckNodePort ?? 0) !== 0) ports.add(spec?.healthCheckNodePort ?? 0)
  return ports
}
