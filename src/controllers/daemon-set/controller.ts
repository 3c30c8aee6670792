import { ControllerRevision, DaemonSet, Node, Pod } from '#api'
import { asError } from '#base'
import { objectKey, type Informer } from '#client'
import { equalJson, hasReason } from '#machinery'
import { asInput } from '../framework/as-input.ts'
import { claim } from '../framework/claim.ts'
import {
  controller,
  type ControllerContext,
  type Outcome,
  type Reconcile,
} from '../framework/controller.ts'
import {
  controllerOf,
  isControlledBy,
  orphansOf,
  ownershipIndex,
  ownershipKeys,
} from '../framework/controller-ref.ts'
import { Expectations } from '../framework/expectations.ts'
import { isNamespaceTerminating } from '../framework/namespace-terminating.ts'
import { OwnWrites } from '../framework/own-writes.ts'
import { selectorOf } from '../framework/selector-of.ts'
import { slowStart } from '../framework/slow-start.ts'
import { PodControl, podFromTemplate } from '../pods/pod-control.ts'
import { availableInMs } from '../pods/pod-state.ts'
import { daemonTemplate, revisionHashLabel, targetNode, templateForNode } from './daemon-pod.ts'
import { FailedPods } from './failed-pods.ts'
import type { NodeFit } from './node-fit.ts'
import { nodeFits, placement, rollingStep, type DaemonState, type Plan } from './plan.ts'
import { newRevision, revisionsOf, revisionsToForget } from './revisions.ts'
import { statusOf } from './status.ts'

/** Pods created, and pods deleted, in one go. */
const burstReplicas = 250

/** Keeps a pod of each DaemonSet on every node that it fits. */
export const daemonSetController = controller({
  name: 'daemonset-controller',
  account: 'daemon-set-controller',
  setup: (context) => new DaemonSetController(context).reconcile,
})

class DaemonSetController {
  readonly #context: ControllerContext
  readonly #sets: Informer<DaemonSet>
  readonly #pods: Informer<Pod>
  readonly #nodes: Informer<Node>
  readonly #revisions: Informer<ControllerRevision>
  readonly #expectations: Expectations
  readonly #own = new OwnWrites<DaemonSet>()
  readonly #control: PodControl
  readonly #failed = new FailedPods()

  constructor(context: ControllerContext) {
    this.#context = context
    this.#expectations = new Expectations(context.clock)
    this.#control = new PodControl(context.client, context.events)
    this.#sets = context.watch(DaemonSet, (set) => [objectKey(set)], {
      observe: {
        deleted: (set) => {
          this.#own.forget(set)
          this.#failed.forget(set.metadata.uid ?? '')
          this.#expectations.forget(objectKey(set))
        },
      },
    })
    this.#pods = context.watch(Pod, (pod) => this.#ownersOf(pod), {
      relevant: (pod, old) =>
        controllerOf(pod) !== undefined ||
        controllerOf(old) !== undefined ||
        !equalJson(pod.metadata.labels, old.metadata.labels),
      observe: {
        added: (pod) => {
          const owner = this.#ownerOf(pod)
          if (owner !== undefined) this.#expectations.creationObserved(objectKey(owner))
        },
        updated: (pod, old) => {
          if (pod.metadata.deletionTimestamp !== undefined) this.#deleted(old)
        },
        deleted: (pod) => this.#deleted(pod),
      },
    })
    this.#pods.addIndex(ownershipIndex, ownershipKeys)
    this.#nodes = context.watch(Node, () => this.#sets.lister.list().map(objectKey), {
      relevant: (node, old) =>
        !equalJson(node.metadata.labels, old.metadata.labels) ||
        !equalJson(node.spec.taints, old.spec.taints),
    })
    this.#revisions = context.watch(ControllerRevision, () => [])
    this.#revisions.addIndex(ownershipIndex, ownershipKeys)
  }

  readonly reconcile: Reconcile = async (key) => {
    const listed = this.#sets.lister.getByKey(key)
    if (listed === undefined) return
    const set = this.#own.newest(listed)
    if (selectorOf(set.spec.selector).empty) {
      this.#context.events.record(set, {
        type: 'Warning',
        reason: 'SelectingAll',
        message: 'This daemon set is selecting all pods. A non-empty selector is required.',
      })
      return
    }
    if (set.metadata.deletionTimestamp !== undefined) return
    const settled = this.#expectations.satisfied(key)
    const { hash, old } = await this.#revisionsOf(set)
    const state: DaemonState = {
      set,
      hash,
      nodes: this.#nodes.lister.list(),
      podsByNode: await this.#podsByNode(set),
      nowMs: this.#context.clock.now(),
    }
    const fits = nodeFits(state)
    const failure = settled ? await this.#sync(key, state, fits, old) : undefined
    const observed = settled ? set.metadata.generation : set.status.observedGeneration
    const status = statusOf(state, fits, observed)
    if (!equalJson(status, set.status)) {
      const { client } = this.#context
      const input = asInput(DaemonSet, { ...set, status })
      this.#own.wrote(await client.resource(DaemonSet).updateStatus(input))
    }
    if (failure !== undefined) throw failure
    return this.#nextAvailability(state)
  }

  /** Places pods, then goes on with an update where nothing had to be placed. */
  async #sync(
    key: string,
    state: DaemonState,
    fits: ReadonlyMap<string, NodeFit>,
    old: readonly ControllerRevision[],
  ): Promise<Error | undefined> {
    const placed = placement(state, fits)
    const ended = this.#replaceable(key, state, placed.ended)
    const plan = { ...placed, remove: [...placed.remove, ...ended] }
    // An update is decided from pods as they are, not from what they are about to be.
    const step =
      plan.create.length > 0 || plan.remove.length > 0 || isOnDelete(state.set)
        ? plan
        : rollingStep(state, fits)
    const failure = await this.#apply(key, state, step)
    if (failure !== undefined) return failure
    for (const revision of revisionsToForget(
      state.set,
      old,
      [...state.podsByNode.values()].flat(),
    )) {
      await this.#deleteRevision(revision)
    }
    return undefined
  }

  async #apply(key: string, state: DaemonState, plan: Plan): Promise<Error | undefined> {
    const { set, hash } = state
    const nodes = plan.create.slice(0, burstReplicas)
    const victims = plan.remove.slice(0, burstReplicas)
    if (nodes.length === 0 && victims.length === 0) return undefined
    const template = daemonTemplate(set, hash)
    this.#expectations.expectCreations(key, nodes.length)
    const uidOf = ({ metadata }: Pod) => metadata.uid ?? ''
    this.#expectations.expectDeletions(key, victims.map(uidOf))
    let next = 0
    const { attempts, error } = await slowStart(nodes.length, async () => {
      const node = nodes[next++] ?? ''
      try {
        await this.#control.create(set, podFromTemplate(set, templateForNode(template, node)))
      } catch (failure) {
        if (isNamespaceTerminating(failure)) return
        this.#expectations.creationObserved(key)
        throw failure
      }
    })
    for (let skipped = attempts; skipped < nodes.length; skipped++) {
      this.#expectations.creationObserved(key)
    }
    const deletions = await Promise.allSettled(
      victims.map(async (pod) => {
        let deleted = false
        try {
          deleted = await this.#control.delete(set, pod)
        } finally {
          if (!deleted) this.#expectations.deletionObserved(key, uidOf(pod))
        }
      }),
    )
    const failed = deletions.find((result) => result.status === 'rejected')
    return error ?? (failed === undefined ? undefined : asError(failed.reason))
  }

  /** Pods that ended and may be replaced by now; one that fails again and again waits longer. */
  #replaceable(key: string, { set }: DaemonState, ended: readonly Pod[]): readonly Pod[] {
    const { uid = '' } = set.metadata
    const elapsed = this.#context.clock.elapsed()
    return ended.filter((pod) => {
      const { namespace, name } = pod.metadata
      const node = targetNode(pod) ?? ''
      const failed = pod.status.phase === 'Failed'
      if (failed) {
        const waitMs = this.#failed.waitMs(uid, node, elapsed)
        if (waitMs > 0) {
          this.#context.queue.addAfter(key, waitMs)
          return false
        }
        this.#failed.replaced(uid, node, elapsed)
      }
      const [what, end] = failed ? ['failed', 'kill'] : ['succeeded', 'delete']
      this.#context.events.record(set, {
        type: failed ? 'Warning' : 'Normal',
        reason: failed ? 'FailedDaemonPod' : 'SucceededDaemonPod',
        message: `Found ${what} daemon pod ${namespace}/${name} on node ${node}, will try to ${end} it`,
      })
      return true
    })
  }

  async #podsByNode(set: DaemonSet): Promise<ReadonlyMap<string, readonly Pod[]>> {
    const { client } = this.#context
    const { uid = '', namespace = '', name = '' } = set.metadata
    const { lister } = this.#pods
    const pods = await claim({
      owner: set,
      selector: selectorOf(set.spec.selector),
      candidates: [
        ...lister.byIndex(ownershipIndex, uid),
        ...lister.byIndex(ownershipIndex, orphansOf(namespace)),
      ],
      dependents: client.resource(Pod).namespace(namespace),
      freshOwner: () => client.resource(DaemonSet).namespace(namespace).get(name),
    })
    const byNode = new Map<string, Pod[]>()
    for (const pod of pods) {
      const node = targetNode(pod)
      if (node === undefined) continue
      const present = byNode.get(node)
      if (present === undefined) byNode.set(node, [pod])
      else present.push(pod)
    }
    return byNode
  }

  /** The hash of the present template, whose revision is there afterwards, and other revisions. */
  async #revisionsOf(
    set: DaemonSet,
  ): Promise<{ readonly hash: string; readonly old: readonly ControllerRevision[] }> {
    const client = this.#context.client.resource(ControllerRevision)
    const owned = this.#revisions.lister.byIndex(ownershipIndex, set.metadata.uid ?? '')
    const { current, old, number } = revisionsOf(set, owned)
    let revision = current
    if (revision === undefined) revision = await this.#createRevision(set, number)
    else if (revision.revision < number) {
      await client.update(asInput(ControllerRevision, { ...revision, revision: number }))
    }
    return { hash: revision.metadata.labels?.[revisionHashLabel] ?? '', old }
  }

  async #createRevision(set: DaemonSet, number: number): Promise<ControllerRevision> {
    const { client } = this.#context
    const revisions = client.resource(ControllerRevision)
    const wanted = newRevision(set, number)
    try {
      return await revisions.create(wanted)
    } catch (error) {
      if (!hasReason(error, 'AlreadyExists')) throw error
      const { namespace = '' } = set.metadata
      const present = await revisions.namespace(namespace).get(wanted.metadata.name)
      if (isControlledBy(present, set) && equalJson(present.data, wanted.data)) return present
      const collisionCount = (set.status.collisionCount ?? 0) + 1
      const input = asInput(DaemonSet, { ...set, status: { ...set.status, collisionCount } })
      this.#own.wrote(await client.resource(DaemonSet).updateStatus(input))
      throw error
    }
  }

  async #deleteRevision({ metadata }: ControllerRevision): Promise<void> {
    const { namespace = '', name = '' } = metadata
    try {
      await this.#context.client.resource(ControllerRevision).namespace(namespace).delete(name)
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error
    }
  }

  #nextAvailability({ set, podsByNode, nowMs }: DaemonState): Outcome {
    let againAfterMs: number | undefined
    for (const pod of [...podsByNode.values()].flat()) {
      const inMs = availableInMs(pod, set.spec.minReadySeconds ?? 0, nowMs) ?? 0
      if (inMs > 0) againAfterMs = Math.min(againAfterMs ?? inMs, inMs)
    }
    return { againAfterMs }
  }

  #deleted(pod: Pod): void {
    const owner = this.#ownerOf(pod)
    if (owner === undefined) return
    this.#expectations.deletionObserved(objectKey(owner), pod.metadata.uid ?? '')
  }

  *#ownersOf(pod: Pod): Iterable<string> {
    const owner = this.#ownerOf(pod)
    if (owner !== undefined) yield objectKey(owner)
    if (controllerOf(pod) !== undefined || pod.metadata.deletionTimestamp !== undefined) return
    for (const set of this.#sets.lister.list(pod.metadata.namespace ?? '')) {
      if (selectorOf(set.spec.selector).matches(pod.metadata.labels)) yield objectKey(set)
    }
  }

  #ownerOf(pod: Pod): DaemonSet | undefined {
    const reference = controllerOf(pod)
    if (reference?.kind !== 'DaemonSet') return undefined
    const set = this.#sets.lister.get(pod.metadata.namespace ?? '', reference.name)
    return set !== undefined && isControlledBy(pod, set) ? set : undefined
  }
}

function isOnDelete({ spec }: DaemonSet): boolean {
  return spec.updateStrategy.type === 'OnDelete'
}
