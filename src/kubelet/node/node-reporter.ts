import { Lease, Node } from '#api'
import { asError, compareUtf8, formatMicroTime, type Clock, type Log, type Random } from '#base'
import type { Client, EventRecorder } from '#client'
import { equalJson, hasReason } from '#machinery'
import type { Runtime } from '../runtime/runtime.ts'
import {
  capacity,
  foreignAmounts,
  nodeObject,
  nodeStatus,
  type NodeFacts,
  type NodeState,
} from './node-object.ts'

export interface NodeReporterOptions {
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly runtime: Runtime
  readonly facts: NodeFacts
  readonly events: EventRecorder
  /** Of the node's Lease; renewed four times in this time. Upstream's 40 s by default. */
  readonly leaseSeconds?: number
}

const leaseNamespace = 'kube-node-lease'
/** How often the runtime is asked whether it is well; a status that has not changed is told less. */
const checkMs = 10_000
const reportMs = 5 * 60_000
const retryMs = 1_000

/** Registers the node, renews its lease, and tells how it is. */
export class NodeReporter {
  readonly #options: NodeReporterOptions
  readonly #stopping = new AbortController()
  #state: NodeState = { problems: [], images: [] }
  #reportedMs = -Infinity
  /** Somebody has deleted the Node. As upstream, a kubelet registers it when it starts, and not again. */
  #isDeleted = false
  #running: Promise<unknown> = Promise.resolve()

  constructor(options: NodeReporterOptions) {
    this.#options = options
  }

  /** Resolves when the node is registered, which takes until the API server is reached. */
  async start(): Promise<void> {
    const { clock, log } = this.#options
    const { signal } = this.#stopping
    for (;;) {
      try {
        await this.#register()
        break
      } catch (error) {
        if (signal.aborted) throw error
        log.warn('the node was not registered', { error: asError(error).message })
        await clock.sleep(retryMs, signal)
      }
    }
    const renewMs = ((this.#options.leaseSeconds ?? 40) * 1000) / 4
    this.#running = Promise.all([
      this.#every(renewMs, () => this.#renew()),
      this.#every(checkMs, () => this.check()),
    ])
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #register(): Promise<void> {
    const { client, clock, facts } = this.#options
    this.#state = await this.#ask()
    try {
      await client.resource(Node).create(nodeObject(facts, this.#state, clock.now()))
      this.#reportedMs = clock.elapsed()
      this.#tellReadiness(this.#state.problems.length === 0)
    } catch (error) {
      if (!hasReason(error, 'AlreadyExists')) throw error
      await this.#report()
    }
    await this.#renew()
    this.#tell('Starting', 'Starting kubelet.')
  }

  async #renew(): Promise<void> {
    const { client, clock, facts, leaseSeconds = 40 } = this.#options
    const leases = client.resource(Lease).namespace(leaseNamespace)
    const spec = {
      holderIdentity: facts.name,
      leaseDurationSeconds: leaseSeconds,
      renewTime: formatMicroTime(clock.now()),
    }
    try {
      await leases.patch(facts.name, { type: 'merge', patch: { spec } })
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error
      const node = await client.resource(Node).get(facts.name)
      const { uid = '' } = node.metadata
      const owner = { apiVersion: 'v1', kind: 'Node', name: facts.name, uid }
      await leases.create({ metadata: { name: facts.name, ownerReferences: [owner] }, spec })
    }
  }

  /** Asks the runtime whether it is well, and tells what has changed. */
  async check(): Promise<void> {
    const { clock } = this.#options
    const state = await this.#ask()
    const same = equalJson(state, this.#state)
    this.#state = state
    try {
      if (!same || clock.elapsed() - this.#reportedMs >= reportMs || !(await this.#isShown())) {
        await this.#report()
      }
      this.#isDeleted = false
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error
      this.#noticeDeletion()
    }
  }

  #noticeDeletion(): void {
    const { facts, log } = this.#options
    if (this.#isDeleted) return
    this.#isDeleted = true
    log.warn(
      'the node was deleted from the cluster: it is registered again when its agent starts',
      {
        node: facts.name,
      },
    )
  }

  async #ask(): Promise<NodeState> {
    const { runtime } = this.#options
    try {
      const [problems, images] = await Promise.all([runtime.problems(), runtime.images()])
      return { problems, images: images.toSorted((a, b) => compareUtf8(a.id, b.id)) }
    } catch (error) {
      const problem = `container runtime is down: ${asError(error).message}`
      return { problems: [problem], images: this.#state.images }
    }
  }

  /** Whether the control plane thinks so, and has what others have added: after a death it has to be told of the recovery at once. */
  async #isShown(): Promise<boolean> {
    const { client, facts } = this.#options
    const { status } = await client.resource(Node).get(facts.name)
    const ready = status.conditions?.find(({ type }) => type === 'Ready')
    return (
      (ready?.status === 'True') === (this.#state.problems.length === 0) &&
      Object.keys(foreignAmounts(status, capacity(facts))).length === 0
    )
  }

  async #report(): Promise<void> {
    const { client, clock, facts } = this.#options
    const nodes = client.resource(Node)
    const { status: before } = await nodes.get(facts.name)
    const own = nodeStatus(facts, this.#state, clock.now(), before.conditions)
    const foreign = foreignAmounts(before, own.capacity)
    const status = { ...own, allocatable: { ...own.allocatable, ...foreign } }
    await nodes.subresource('status').patch(facts.name, { type: 'strategic', patch: { status } })
    this.#reportedMs = clock.elapsed()
    const ready = this.#state.problems.length === 0
    const was = before.conditions?.find(({ type }) => type === 'Ready')?.status === 'True'
    if (ready !== was) this.#tellReadiness(ready)
  }

  #tellReadiness(ready: boolean): void {
    const reason = ready ? 'NodeReady' : 'NodeNotReady'
    this.#tell(reason, `Node ${this.#options.facts.name} status is now: ${reason}`)
  }

  /** Upstream's kubelet gives the name of its node as the uid, and kubectl looks for both. */
  #tell(reason: string, message: string): void {
    const { name } = this.#options.facts
    const about = { apiVersion: 'v1', kind: 'Node', name, uid: name }
    this.#options.events.record(about, { type: 'Normal', reason, message })
  }

  /** Until the reporter is stopped; what fails is done again next time. */
  async #every(periodMs: number, work: () => Promise<void>): Promise<void> {
    const { clock, log, random } = this.#options
    const { signal } = this.#stopping
    while (!signal.aborted) {
      // Many nodes do not beat as one.
      const waitMs = periodMs * (1 + 0.04 * (random.fraction() - 0.5))
      await clock.sleep(waitMs, signal).catch(() => {})
      if (signal.aborted) return
      await work().catch((error: unknown) => {
        log.debug('the node was not reported', { error: asError(error).message })
      })
    }
  }
}
