import { Slice, asError } from '#base'
import { Node, type Lease, type NodeCondition } from '#api'
import type { Lister } from '#client'
import { hasReason } from '#machinery'
import type { ControllerContext } from '../framework/controller.ts'
import type { NodeLifecycleOptions } from '../options.ts'
import { isNodeReady, nodeCondition } from '../nodes/conditions.ts'
import { recordNodeEvent, recordNodeStatus } from '../nodes/node-events.ts'
import {
  changeTaints,
  hasTaint,
  notReadyNoExecute,
  unreachableNoExecute,
  type TaintKind,
} from '../nodes/taints.ts'
import { EvictionQueue } from './eviction-queue.ts'
import { observe, type NodeHealth, type Observation } from './health.ts'
import { disruption, zoneOf, type ZoneCount, type ZoneState } from './zones.ts'

const leaseNamespace = 'kube-node-lease'
/** A node with this label is no measure of whether its zone is in trouble. */
const excludedLabel = 'node.kubernetes.io/exclude-disruption'
/** Nodes whose status is written at once. */
const parallelWrites = 30

export interface MonitorServices extends Pick<
  ControllerContext,
  'client' | 'clock' | 'random' | 'events' | 'log'
> {
  readonly nodes: Lister<Node>
  readonly leases: Lister<Lease>
  /** Pods of a node that has just become unready are so, too. */
  podsNotReady(node: string): void
  /** There may be something to evict in the zone now. */
  evict(zone: string): void
}

interface Watched {
  readonly node: Node
  readonly zone: string
  readonly health: NodeHealth
}

/**
 * Looks at all nodes now and then: says of silent ones that their state is unknown, and decides
 * whose pods are to be evicted, and how fast.
 */
export class NodeMonitor {
  readonly #services: MonitorServices
  readonly #options: NodeLifecycleOptions
  readonly #watched = new Map<string, Watched>()
  readonly #queues = new Map<string, EvictionQueue>()
  #zones: ReadonlyMap<string, ZoneState> = new Map()
  /** Zones in whose queues the present look has put nodes. */
  readonly #toEvict = new Set<string>()

  constructor(services: MonitorServices, options: NodeLifecycleOptions) {
    this.#services = services
    this.#options = options
  }

  /** Looks at every node once. */
  async look(): Promise<void> {
    const { clock, nodes } = this.#services
    const present = nodes.list()
    this.#forgetOthers(present)
    const zones = new Map<string, { ready: number; notReady: number }>()
    const slice = new Slice(clock)
    let writes: Promise<void>[] = []
    for (const node of present) {
      if (slice.spent) await slice.breathe()
      const observation = this.#observe(node)
      const { current } = observation
      if (observation.conditions.length > 0) {
        const write = this.#writeUnknown(node, observation.conditions)
        writes.push(write.then((written) => (written ? this.#act(node, observation) : undefined)))
        if (writes.length >= parallelWrites) {
          await Promise.all(writes)
          writes = []
        }
      } else await this.#act(node, observation)
      // A node that has not said anything yet does not count.
      if (current === undefined || node.metadata.labels?.[excludedLabel] !== undefined) continue
      const count = zones.get(zoneOf(node)) ?? { ready: 0, notReady: 0 }
      zones.set(zoneOf(node), count)
      if (current === 'True') count.ready++
      else count.notReady++
    }
    await Promise.all(writes)
    await this.#applyDisruption(present, zones)
    // Not before it is known whether the zone may be evicted at all.
    for (const zone of this.#toEvict) this.#services.evict(zone)
    this.#toEvict.clear()
  }

  /** Taints the nodes of a zone whose turn it is; returns when the next one's is. */
  async taintNext(zone: string): Promise<number | undefined> {
    const { clock, nodes } = this.#services
    const queue = this.#queues.get(zone)
    for (;;) {
      const next = queue?.next(clock.elapsed())
      if (queue === undefined || next === undefined) return undefined
      if ('waitMs' in next) return next.waitMs
      const node = nodes.get('', next.name)
      const taint = node === undefined ? undefined : noExecuteTaint(node)
      if (node !== undefined && taint !== undefined) await this.#taint(node, taint)
      queue.remove(next.name)
    }
  }

  /** What the node was found to be; false for one that was not looked at yet. */
  isKnownUnready(name: string): boolean {
    const ready = this.#watched.get(name)?.health.ready
    return ready !== undefined && ready.status !== 'True'
  }

  #observe(node: Node): Observation {
    const { clock, events, leases } = this.#services
    const { name = '' } = node.metadata
    const before = this.#watched.get(name)
    if (before === undefined) {
      recordNodeEvent(events, node, 'RegisteredNode', `Registered Node ${name} in Controller`)
    }
    const same = before?.node.metadata.uid === node.metadata.uid
    const observation = observe(
      node,
      leases.get(leaseNamespace, name),
      same ? before?.health : undefined,
      { nowMs: clock.now(), elapsedMs: clock.elapsed() },
      this.#options,
    )
    const zone = zoneOf(node)
    if (before !== undefined && before.zone !== zone) this.#queues.get(before.zone)?.remove(name)
    this.#watched.set(name, { node, zone, health: observation.health })
    return observation
  }

  /** Whether it was written; if not, the next look decides anew. */
  async #writeUnknown(node: Node, conditions: readonly NodeCondition[]): Promise<boolean> {
    const { client, log } = this.#services
    const { name = '', resourceVersion } = node.metadata
    try {
      // Only over what was looked at: the node may have come back meanwhile.
      const patch = { metadata: { resourceVersion }, status: { conditions } }
      const status = client.resource(Node).subresource('status')
      await status.patch(name, { type: 'strategic', patch })
    } catch (error) {
      if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) {
        log.warn('status of a silent node was not written', { node: name, error: asError(error) })
      }
      return false
    }
    const changed = conditions.find(({ type }) => type === 'Ready')
    const watched = this.#watched.get(name)
    if (changed !== undefined && watched !== undefined) {
      const health = { ...watched.health, ready: changed }
      this.#watched.set(name, { ...watched, health })
    }
    return true
  }

  async #act(node: Node, { observed, current }: Observation): Promise<void> {
    const { events } = this.#services
    const { name = '' } = node.metadata
    if (current === undefined) return
    if (observed === 'True') await this.#letBe(node)
    else await this.#prepareEviction(node, observed)
    if (observed === 'True' && current !== 'True') {
      recordNodeStatus(events, node, 'NodeNotReady')
      this.#services.podsNotReady(name)
    }
  }

  /** Takes back what evicts the pods of a node. */
  async #letBe(node: Node): Promise<void> {
    this.#queueOf(node).remove(node.metadata.name ?? '')
    const remove = [unreachableNoExecute, notReadyNoExecute].filter((kind) => hasTaint(node, kind))
    if (remove.length > 0) await this.#tryTaints(node, { add: [], remove })
  }

  async #prepareEviction(node: Node, observed: NodeCondition['status']): Promise<void> {
    const { name = '' } = node.metadata
    const [wanted, other] =
      observed === 'False'
        ? [notReadyNoExecute, unreachableNoExecute]
        : [unreachableNoExecute, notReadyNoExecute]
    if (hasTaint(node, wanted) && !hasTaint(node, other)) return
    if (hasTaint(node, other)) {
      // Its pods are being evicted already, so it need not wait its turn.
      await this.#tryTaints(node, { add: [wanted], remove: [other] })
    } else if (this.#queueOf(node).add(name)) this.#toEvict.add(zoneOf(node))
  }

  async #tryTaints(node: Node, change: Parameters<typeof changeTaints>[2]): Promise<void> {
    try {
      await changeTaints(this.#services, node, change)
    } catch (error) {
      if (hasReason(error, 'NotFound')) return
      const { name } = node.metadata
      this.#services.log.warn('taints were not written', { node: name, error: asError(error) })
    }
  }

  async #taint(node: Node, taint: TaintKind): Promise<void> {
    const other = taint === notReadyNoExecute ? unreachableNoExecute : notReadyNoExecute
    try {
      await changeTaints(this.#services, node, { add: [taint], remove: [other] })
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error
    }
  }

  async #applyDisruption(
    present: readonly Node[],
    zones: ReadonlyMap<string, ZoneCount>,
  ): Promise<void> {
    const { clock, log } = this.#services
    const { states, mode, rates } = disruption(this.#zones, zones, this.#options)
    this.#zones = states
    if (mode === 'entering') {
      log.info('no node is ready any more: evictions stop')
      for (const node of present) {
        await this.#letBe(this.#services.nodes.get('', node.metadata.name ?? '') ?? node)
      }
    }
    if (mode === 'leaving') {
      log.info('nodes are ready again: evictions may go on')
      for (const [name, { node, zone, health }] of this.#watched) {
        this.#watched.set(name, { node, zone, health: { ...health, aliveAtMs: clock.elapsed() } })
      }
    }
    for (const [zone, rate] of rates) {
      this.#queue(zone).setRate(rate, clock.elapsed())
      this.#toEvict.add(zone)
    }
  }

  #forgetOthers(present: readonly Node[]): void {
    const names = new Set(present.map(({ metadata }) => metadata.name))
    for (const [name, { node, zone }] of this.#watched) {
      if (names.has(name)) continue
      const message = `Removing Node ${name} from Controller`
      recordNodeEvent(this.#services.events, node, 'RemovingNode', message)
      this.#queues.get(zone)?.remove(name)
      this.#watched.delete(name)
    }
  }

  #queueOf(node: Node): EvictionQueue {
    return this.#queue(zoneOf(node))
  }

  #queue(zone: string): EvictionQueue {
    let queue = this.#queues.get(zone)
    if (queue === undefined) {
      queue = new EvictionQueue(this.#options.evictionRate, this.#services.clock.elapsed())
      this.#queues.set(zone, queue)
    }
    return queue
  }
}

/** The taint that evicts the pods of a node that is not ready; undefined for one that is. */
function noExecuteTaint(node: Node): TaintKind | undefined {
  if (isNodeReady(node)) return undefined
  const status = nodeCondition(node, 'Ready')?.status
  return status === 'False' ? notReadyNoExecute : unreachableNoExecute
}
