import { Deployment, Pod, ReplicaSet, type DeploymentStatus } from '#api'
import { asError } from '#base'
import { objectKey, type Informer } from '#client'
import { equalJson, hasReason, type KubeObject } from '#machinery'
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
import { isPodTerminal } from '../pods/pod-state.ts'
import {
  conditionOf,
  dated,
  havingConditions,
  withCondition,
  type NewCondition,
} from './conditions.ts'
import { setsToForget } from './history.ts'
import { progressDeadlineMs } from './limits.ts'
import { newReplicaSet } from './new-replica-set.ts'
import { ownedSets, replaced, sameTemplate, type OwnedSets } from './replica-sets.ts'
import {
  currentAnnotations,
  hasScale,
  nextRevision,
  revisionAnnotation,
  withScale,
} from './revision.ts'
import { nextStep } from './rollout.ts'
import { isScalingEvent, sizesAfterScaling, type Size } from './scaling.ts'
import {
  isComplete,
  progressCheckInMs,
  rolloutStatusOf,
  statusOf,
  withPauseCondition,
} from './status.ts'

/**
 * Rolls templates out: a ReplicaSet for each, sized step by step. A step is one look at the state
 * and the writes that follow from it; what these cause brings the next step about.
 */
export const deploymentController = controller({
  name: 'deployment-controller',
  account: 'deployment-controller',
  setup: (context) => new DeploymentController(context).reconcile,
})

class DeploymentController {
  readonly #context: ControllerContext
  readonly #deployments: Informer<Deployment>
  readonly #sets: Informer<ReplicaSet>
  readonly #pods: Informer<Pod>
  readonly #ownDeployments = new OwnWrites<Deployment>()
  readonly #ownSets = new OwnWrites<ReplicaSet>()
  /** ReplicaSets made and not yet seen, by the uid of their Deployment. */
  readonly #expectations: Expectations

  constructor(context: ControllerContext) {
    this.#context = context
    this.#expectations = new Expectations(context.clock)
    this.#deployments = context.watch(Deployment, (deployment) => [objectKey(deployment)], {
      observe: {
        deleted: (deployment) => {
          this.#ownDeployments.forget(deployment)
          this.#expectations.forget(deployment.metadata.uid ?? '')
        },
      },
    })
    this.#sets = context.watch(ReplicaSet, (set) => this.#ownersOf(set), {
      relevant: (set, old) =>
        controllerOf(set) !== undefined ||
        controllerOf(old) !== undefined ||
        !equalJson(set.metadata.labels, old.metadata.labels),
      observe: {
        added: (set) => this.#expectations.creationObserved(controllerOf(set)?.uid ?? ''),
        deleted: (set) => this.#ownSets.forget(set),
      },
    })
    this.#sets.addIndex(ownershipIndex, ownershipKeys)
    // Only Recreate looks at pods, and only at the last of a ReplicaSet's that goes.
    this.#pods = context.watch(Pod, () => [], {
      observe: {
        updated: (pod, old) => {
          if (isPodTerminal(pod) && !isPodTerminal(old)) this.#podEnded(pod)
        },
        deleted: (pod) => this.#podEnded(pod),
      },
    })
    this.#pods.addIndex(ownershipIndex, ownershipKeys)
  }

  readonly reconcile: Reconcile = async (key) => {
    const listed = this.#deployments.lister.getByKey(key)
    if (listed === undefined) return
    // Without a ReplicaSet of its own making the sum would be too small, and another one too large.
    if (!this.#expectations.satisfied(listed.metadata.uid ?? '')) {
      return { againAfterMs: unseenRetryMs }
    }
    const deployment = this.#ownDeployments.newest(listed)
    if (selectorOf(deployment.spec.selector).empty) return this.#refuse(deployment)
    const sets = ownedSets(deployment, await this.#claimedSets(deployment))
    if (deployment.metadata.deletionTimestamp !== undefined) {
      return this.#writeStatus(deployment, await this.#withRevision(deployment, sets), statusOf)
    }
    const synced = await this.#withRevision(withPauseCondition(deployment, this.#now()), sets)
    if (deployment.spec.paused === true || isScalingEvent(deployment, synced.sets)) {
      const sizes = sizesAfterScaling(deployment, synced.sets)
      const scaled = await this.#scale(deployment, synced.sets, sizes)
      if (deployment.spec.paused === true) await this.#forgetOld(deployment, scaled)
      return this.#writeStatus(deployment, { ...synced, sets: scaled }, statusOf)
    }
    return this.#rollOut(deployment, synced)
  }

  async #rollOut(before: Deployment, { deployment, sets }: Synced): Promise<Outcome | void> {
    const step = nextStep(deployment, sets, () => this.#podsRun(sets.old))
    switch (step.type) {
      case 'create': {
        const created = await this.#create(before, deployment, sets, step.replicas)
        return this.#writeStatus(before, created, rolloutStatusOf)
      }
      case 'scale': {
        const scaled = await this.#scale(deployment, sets, step.sizes)
        return this.#writeStatus(before, { deployment, sets: scaled }, rolloutStatusOf)
      }
      case 'wait':
        if (isComplete(deployment, deployment.status)) await this.#forgetOld(deployment, sets)
        return this.#writeStatus(before, { deployment, sets }, rolloutStatusOf)
    }
  }

  /** A Deployment that selects everything would take all pods of its namespace. */
  async #refuse(deployment: Deployment): Promise<void> {
    this.#context.events.record(deployment, {
      type: 'Warning',
      reason: 'SelectingAll',
      message: 'This deployment is selecting all pods. A non-empty selector is required.',
    })
    const { generation = 0 } = deployment.metadata
    if ((deployment.status.observedGeneration ?? 0) >= generation) return
    await this.#write({
      ...deployment,
      status: { ...deployment.status, observedGeneration: generation },
    })
  }

  #claimedSets(deployment: Deployment): Promise<ReplicaSet[]> {
    const { client } = this.#context
    const { uid = '', namespace = '', name = '' } = deployment.metadata
    const { lister } = this.#sets
    const owned = lister.byIndex(ownershipIndex, uid)
    const orphans = lister.byIndex(ownershipIndex, orphansOf(namespace))
    return claim({
      owner: deployment,
      selector: selectorOf(deployment.spec.selector),
      candidates: [...owned, ...orphans].map((set) => this.#ownSets.newest(set)),
      dependents: client.resource(ReplicaSet).namespace(namespace),
      freshOwner: () => client.resource(Deployment).namespace(namespace).get(name),
    })
  }

  /** Where the present template has a ReplicaSet: it carries the newest revision, which is told. */
  async #withRevision(deployment: Deployment, sets: OwnedSets): Promise<Synced> {
    const { current } = sets
    if (current === undefined) return { deployment, sets }
    const { minReadySeconds } = deployment.spec
    const annotations = currentAnnotations(
      deployment,
      current.metadata.annotations,
      nextRevision(sets.old),
    )
    const differs =
      !equalJson(annotations, current.metadata.annotations) ||
      (current.spec.minReadySeconds ?? 0) !== (minReadySeconds ?? 0)
    const synced = differs
      ? await this.#updateSet({
          ...current,
          metadata: { ...current.metadata, annotations },
          spec: { ...current.spec, minReadySeconds: minReadySeconds ?? 0 },
        })
      : current
    const revision = annotations[revisionAnnotation] ?? ''
    let updated = withRevisionAnnotation(deployment, revision)
    const known = conditionOf(deployment.status.conditions, 'Progressing')
    if (known === undefined && progressDeadlineMs(deployment) !== undefined) {
      const message = `Found new replica set "${current.metadata.name}"`
      updated = this.#progressing(updated, 'True', 'FoundNewReplicaSet', message)
    }
    return { deployment: updated, sets: replaced(sets, [synced]) }
  }

  async #create(
    before: Deployment,
    deployment: Deployment,
    sets: OwnedSets,
    replicas: number,
  ): Promise<Synced> {
    const revision = nextRevision(sets.old)
    const wanted = newReplicaSet(deployment, replicas, revision)
    const revised = withRevisionAnnotation(deployment, String(revision))
    const client = this.#context.client.resource(ReplicaSet)
    const { uid = '' } = deployment.metadata
    let current: ReplicaSet
    this.#expectations.expectCreations(uid, 1)
    try {
      // A template that was accepted as the Deployment's is one for a ReplicaSet.
      current = this.#ownSets.wrote(
        await client.create(wanted as Parameters<typeof client.create>[0]),
      )
    } catch (error) {
      this.#expectations.creationObserved(uid)
      if (!hasReason(error, 'AlreadyExists')) {
        await this.#creationFailed(before, deployment, wanted.metadata.name, error)
        throw error
      }
      const { namespace = '' } = deployment.metadata
      const present = await client.namespace(namespace).get(wanted.metadata.name)
      const ours =
        isControlledBy(present, deployment) &&
        sameTemplate(present.spec.template, deployment.spec.template)
      if (!ours) {
        const collisionCount = (deployment.status.collisionCount ?? 0) + 1
        await this.#write({ ...before, status: { ...before.status, collisionCount } })
        throw error
      }
      return { deployment: revised, sets: { ...sets, current: this.#ownSets.wrote(present) } }
    }
    const { name } = current.metadata
    if (replicas > 0) this.#scaled(deployment, `up replica set ${name} from 0 to ${replicas}`)
    const progressing =
      progressDeadlineMs(deployment) === undefined
        ? revised
        : this.#progressing(
            revised,
            'True',
            'NewReplicaSetCreated',
            `Created new replica set "${name}"`,
          )
    return { deployment: progressing, sets: { ...sets, current } }
  }

  async #creationFailed(
    before: Deployment,
    deployment: Deployment,
    name: string,
    error: unknown,
  ): Promise<void> {
    if (isNamespaceTerminating(error)) return
    const message = `Failed to create new replica set "${name}": ${asError(error).message}`
    const reason = 'ReplicaSetCreateError'
    this.#context.events.record(deployment, { type: 'Warning', reason, message })
    if (progressDeadlineMs(deployment) === undefined) return
    const failed = this.#progressing(deployment, 'False', reason, message)
    if (!equalJson(failed.status, before.status)) await this.#write(failed)
  }

  /** Writes the sizes that are not there yet, and what they were decided for. */
  async #scale(
    deployment: Deployment,
    sets: OwnedSets,
    sizes: readonly Size[],
  ): Promise<OwnedSets> {
    const changed: ReplicaSet[] = []
    for (const { set, replicas } of sizes) {
      const from = set.spec.replicas
      if (from === replicas && hasScale(deployment, set)) continue
      const annotations = withScale(deployment, set.metadata.annotations)
      changed.push(
        await this.#updateSet({
          ...set,
          metadata: { ...set.metadata, annotations },
          spec: { ...set.spec, replicas },
        }),
      )
      const way = replicas > from ? 'up' : 'down'
      const change = `${way} replica set ${set.metadata.name} from ${from} to ${replicas}`
      if (from !== replicas) this.#scaled(deployment, change)
    }
    return replaced(sets, changed)
  }

  async #forgetOld(deployment: Deployment, sets: OwnedSets): Promise<void> {
    for (const { metadata } of setsToForget(deployment, sets.old)) {
      const { namespace = '', name = '' } = metadata
      try {
        await this.#context.client.resource(ReplicaSet).namespace(namespace).delete(name)
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error
      }
    }
  }

  /** Writes what became of the Deployment in this step, if anything, at once. */
  async #writeStatus(
    before: Deployment,
    { deployment, sets }: Synced,
    of: (deployment: Deployment, sets: OwnedSets, nowMs: number) => DeploymentStatus,
  ): Promise<Outcome> {
    const nowMs = this.#now()
    const status = of(deployment, sets, nowMs)
    const same =
      equalJson(status, before.status) &&
      equalJson(deployment.metadata.annotations, before.metadata.annotations)
    if (!same) await this.#write({ ...deployment, status })
    const againAfterMs =
      of === rolloutStatusOf ? progressCheckInMs(deployment, status, nowMs) : undefined
    return { againAfterMs }
  }

  async #write(deployment: Deployment): Promise<void> {
    const { client } = this.#context
    const input = asInput(Deployment, deployment)
    this.#ownDeployments.wrote(await client.resource(Deployment).updateStatus(input))
  }

  async #updateSet(set: ReplicaSet): Promise<ReplicaSet> {
    const { client } = this.#context
    return this.#ownSets.wrote(await client.resource(ReplicaSet).update(asInput(ReplicaSet, set)))
  }

  #progressing(
    deployment: Deployment,
    status: NewCondition['status'],
    reason: string,
    message: string,
  ): Deployment {
    const condition = dated({ type: 'Progressing', status, reason, message }, this.#now())
    return havingConditions(deployment, withCondition(deployment.status.conditions, condition))
  }

  #scaled(deployment: Deployment, change: string): void {
    this.#context.events.record(deployment, {
      type: 'Normal',
      reason: 'ScalingReplicaSet',
      message: `Scaled ${change}`,
    })
  }

  #podsRun(sets: readonly ReplicaSet[]): boolean {
    return sets.some(({ metadata }) =>
      this.#pods.lister
        .byIndex(ownershipIndex, metadata.uid ?? '')
        .some((pod) => !isPodTerminal(pod)),
    )
  }

  #podEnded(pod: Pod): void {
    const set = ownerOf(pod, 'ReplicaSet', this.#sets)
    const deployment = set === undefined ? undefined : ownerOf(set, 'Deployment', this.#deployments)
    if (set === undefined || deployment?.spec.strategy.type !== 'Recreate') return
    if (!this.#podsRun([set])) this.#context.queue.add(objectKey(deployment))
  }

  /** Who must look at a ReplicaSet: its Deployment, or whoever may want an orphan. */
  *#ownersOf(set: ReplicaSet): Iterable<string> {
    const owner = ownerOf(set, 'Deployment', this.#deployments)
    if (owner !== undefined) yield objectKey(owner)
    if (controllerOf(set) !== undefined || set.metadata.deletionTimestamp !== undefined) return
    for (const deployment of this.#deployments.lister.list(set.metadata.namespace ?? '')) {
      const selector = selectorOf(deployment.spec.selector)
      if (!selector.empty && selector.matches(set.metadata.labels)) yield objectKey(deployment)
    }
  }

  #now(): number {
    return this.#context.clock.now()
  }
}

/** The informer brings what was made; this is for the case that it does not. */
const unseenRetryMs = 10_000

/** A Deployment with what this step says about it, and its ReplicaSets after the step. */
interface Synced {
  readonly deployment: Deployment
  readonly sets: OwnedSets
}

function withRevisionAnnotation(deployment: Deployment, revision: string): Deployment {
  const { metadata } = deployment
  if (metadata.annotations?.[revisionAnnotation] === revision) return deployment
  const annotations = { ...metadata.annotations, [revisionAnnotation]: revision }
  return { ...deployment, metadata: { ...metadata, annotations } }
}

function ownerOf<T extends KubeObject>(
  object: KubeObject,
  kind: string,
  owners: Informer<T>,
): T | undefined {
  const reference = controllerOf(object)
  if (reference?.kind !== kind) return undefined
  const owner = owners.lister.get(object.metadata.namespace ?? '', reference.name)
  return owner !== undefined && isControlledBy(object, owner) ? owner : undefined
}
