import { Lease, Node, Pod } from '#api'
import { asError, formatMicroTime, type Clock, type Log, type Random, type Timer } from '#base'
import { objectKey, splitKey, WorkQueue, type Client, type Informer, type Informers } from '#client'
import { hasReason, type ObjectOf } from '#machinery'
import {
  nodeAddress,
  nodeConditions,
  nodeName,
  nodeObject,
  usualSize,
  type NodeOffer,
  type NodeSize,
} from './node-object.ts'
import { KubeletApi } from './kubelet/kubelet-api.ts'
import { PodAddresses } from './pod-addresses.ts'
import { podStep } from './pod-step.ts'

export interface SimulatedNodesOptions {
  readonly count: number
  readonly size?: NodeSize
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Shared with the other components of the process. */
  readonly informers: Informers
  /** A client that acts as this node: user system:node:<name>, group system:nodes. */
  clientFor(nodeName: string): Client
}

const limits = {
  /** Pods whose status is being written at once. */
  workers: 16,
  registrationsAtOnce: 64,
  leaseSeconds: 40,
  heartbeatMs: 10_000,
  /** A status that does not change is still reported this often (kubelet's nodeStatusReportFrequency). */
  statusEveryMs: 5 * 60_000,
} as const

/**
 * Nodes without containers: the API sees real Node objects, heartbeats and pod statuses, written
 * under each node's own identity; behind them is a clock. One informer and one queue serve all of
 * them, so thousands cost little. Called simulated everywhere, and never the default of `up`.
 */
export class SimulatedNodes implements AsyncDisposable {
  /** What the nodes' kubelets answer. */
  readonly kubelets: KubeletApi
  readonly #options: SimulatedNodesOptions
  readonly #nodes = new Map<string, SimulatedNode>()
  readonly #pods: Informer<ObjectOf<typeof Pod>>
  readonly #queue: WorkQueue
  readonly #addresses = new PodAddresses()
  readonly #endHandler: () => void
  #workers: Promise<unknown> = Promise.resolve()

  constructor(options: SimulatedNodesOptions) {
    this.#options = options
    this.#queue = new WorkQueue({ clock: options.clock })
    this.#pods = options.informers.of(Pod)
    this.kubelets = new KubeletApi({
      clock: options.clock,
      pods: this.#pods,
      isAlive: (name) => this.isAlive(name),
    })
    this.#endHandler = this.#pods.addHandler({
      added: (pod) => this.#enqueue(pod),
      updated: (pod) => {
        this.#enqueue(pod)
        this.kubelets.changed(pod)
      },
      deleted: (pod) => {
        this.#addresses.release(pod.metadata.uid ?? '')
        this.kubelets.changed(pod)
      },
    })
  }

  /**
   * Registers the nodes and begins to look after their pods. Resolves when all are registered. With a
   * `kubeletPort` they say that their kubelets are reached there, on this machine's loopback.
   */
  async start(signal: AbortSignal, kubeletPort?: number): Promise<void> {
    const { count, size = usualSize } = this.#options
    for (let at = 0; at < count; at += limits.registrationsAtOnce) {
      const batch = Array.from(
        { length: Math.min(limits.registrationsAtOnce, count - at) },
        (_, i) => this.#register(at + i, { size, kubeletPort }, signal),
      )
      await Promise.all(batch)
    }
    // Pods that were bound before their node was known here.
    for (const pod of this.#pods.lister.list()) this.#enqueue(pod)
    this.#workers = Promise.all(Array.from({ length: limits.workers }, () => this.#worker(signal)))
  }

  /** As if its machine had lost power: no heartbeats, no status of its pods, until `revive`. */
  kill(name: string): void {
    this.#nodes.get(name)?.stop()
    this.kubelets.nodeDied()
  }

  revive(name: string): void {
    const node = this.#nodes.get(name)
    if (node === undefined || node.alive) return
    node.begin()
    for (const pod of this.#pods.lister.list()) if (pod.spec.nodeName === name) this.#enqueue(pod)
  }

  has(name: string): boolean {
    return this.#nodes.has(name)
  }

  isAlive(name: string): boolean {
    return this.#nodes.get(name)?.alive ?? false
  }

  /** Acts as the node; undefined where it is none of these. */
  clientOf(name: string): Client | undefined {
    return this.#nodes.get(name)?.client
  }

  get names(): readonly string[] {
    return [...this.#nodes.keys()]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#endHandler()
    this.kubelets.close()
    for (const node of this.#nodes.values()) node.stop()
    await this.#queue.shutDown()
    await this.#workers
  }

  async #register(index: number, offer: NodeOffer, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options
    const name = nodeName(index)
    const client = this.#options.clientFor(name)
    try {
      await client.resource(Node).create(nodeObject(index, offer, clock.now()), { signal })
    } catch (error) {
      if (!hasReason(error, 'AlreadyExists')) throw error
      await this.#tellPort(client, name, offer.kubeletPort, signal)
    }
    const node = new SimulatedNode(name, index, client, this.#options)
    this.#nodes.set(name, node)
    await node.heartbeat()
    node.begin()
  }

  /** A node of an earlier process says where that one's kubelets were. */
  async #tellPort(
    client: Client,
    name: string,
    port: number | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const known = this.#options.informers.of(Node).lister.get('', name)
    const told = known?.status.daemonEndpoints?.kubeletEndpoint?.Port
    if (port === undefined || told === port) return
    const patch = { status: { daemonEndpoints: { kubeletEndpoint: { Port: port } } } }
    await client
      .resource(Node)
      .subresource('status')
      .patch(name, { type: 'merge', patch }, { signal })
  }

  #enqueue(pod: ObjectOf<typeof Pod>): void {
    if (this.#nodes.has(pod.spec.nodeName ?? '')) this.#queue.add(objectKey(pod))
  }

  async #worker(signal: AbortSignal): Promise<void> {
    for (;;) {
      const key = await this.#queue.next()
      if (key === undefined) return
      try {
        if (!signal.aborted) await this.#step(key, signal)
        this.#queue.forget(key)
      } catch (error) {
        if (signal.aborted) continue
        // A conflict is somebody else's write: the informer brings it, and the step is taken anew.
        if (!hasReason(error, 'Conflict') && !hasReason(error, 'NotFound')) {
          this.#options.log.warn('simulated pod was not updated', {
            pod: key,
            error: asError(error),
          })
        }
        this.#queue.addRateLimited(key)
      } finally {
        this.#queue.done(key)
      }
    }
  }

  async #step(key: string, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options
    const { namespace, name } = splitKey(key)
    const pod = this.#pods.lister.get(namespace, name)
    const node = this.#nodes.get(pod?.spec.nodeName ?? '')
    if (pod === undefined || node === undefined || !node.alive) return
    const hostIp = nodeAddress(node.index)
    const step = podStep(pod, { hostIp, podIp: this.#podIp(pod, node, hostIp) }, clock.now())
    if (step.againAtMs !== undefined) {
      this.#queue.addAfter(key, Math.max(0, step.againAtMs - clock.now()))
    }
    const pods = node.client.resource(Pod).namespace(namespace)
    const uid = pod.metadata.uid ?? ''
    if (step.remove) {
      await pods.delete(name, { gracePeriodSeconds: 0, preconditions: { uid }, signal })
    } else if (step.status !== undefined) {
      const { resourceVersion } = pod.metadata
      const patch = { metadata: { uid, resourceVersion }, status: step.status }
      await pods.subresource('status').patch(name, { type: 'merge', patch }, { signal })
    }
  }

  #podIp(pod: ObjectOf<typeof Pod>, node: SimulatedNode, hostIp: string): string {
    if (pod.spec.hostNetwork === true) return hostIp
    const range = this.#options.informers.of(Node).lister.get('', node.name)?.spec.podCIDR
    return this.#addresses.of(pod.metadata.uid ?? '', pod.status.podIP, range, node.index)
  }
}

/** One node's heartbeats. */
class SimulatedNode {
  readonly name: string
  readonly index: number
  readonly client: Client
  readonly #options: SimulatedNodesOptions
  #timer: Timer | undefined
  #statusDueMs: number
  alive = false

  constructor(name: string, index: number, client: Client, options: SimulatedNodesOptions) {
    this.name = name
    this.index = index
    this.client = client
    this.#options = options
    this.#statusDueMs = options.clock.elapsed() + limits.statusEveryMs
  }

  begin(): void {
    this.alive = true
    // Spread over the interval, so that a thousand nodes do not beat as one.
    this.#schedule(limits.heartbeatMs * this.#options.random.fraction())
  }

  stop(): void {
    this.alive = false
    this.#timer?.cancel()
  }

  /** Renews the node's Lease; its status, too, when that is due. */
  async heartbeat(): Promise<void> {
    const { clock } = this.#options
    const leases = this.client.resource(Lease).namespace('kube-node-lease')
    const spec = {
      holderIdentity: this.name,
      leaseDurationSeconds: limits.leaseSeconds,
      renewTime: formatMicroTime(clock.now()),
    }
    try {
      await leases.patch(this.name, { type: 'merge', patch: { spec } })
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error
      await leases.create({ metadata: { name: this.name }, spec })
    }
    if (clock.elapsed() >= this.#statusDueMs || !this.#isReady()) await this.#report()
  }

  /** What the control plane thinks: after a death it has to be told of the recovery at once. */
  #isReady(): boolean {
    const node = this.#options.informers.of(Node).lister.get('', this.name)
    const ready = node?.status.conditions?.find(({ type }) => type === 'Ready')
    return node === undefined || ready?.status === 'True'
  }

  async #report(): Promise<void> {
    const { clock, informers } = this.#options
    const before = informers.of(Node).lister.get('', this.name)?.status.conditions
    const conditions = nodeConditions(clock.now(), before)
    await this.client
      .resource(Node)
      .subresource('status')
      .patch(this.name, { type: 'strategic', patch: { status: { conditions } } })
    this.#statusDueMs = clock.elapsed() + limits.statusEveryMs
  }

  #schedule(delayMs: number): void {
    this.#timer = this.#options.clock.timer(delayMs, () => void this.#beat(), { unref: true })
  }

  async #beat(): Promise<void> {
    try {
      await this.heartbeat()
    } catch (error) {
      // As with a kubelet, a missed beat is made up for by the next.
      this.#options.log.debug('heartbeat failed', { node: this.name, error: asError(error) })
    }
    if (this.alive) this.#schedule(limits.heartbeatMs)
  }
}
