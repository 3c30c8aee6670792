import { Pod, type ReplicaSetStatus } from '#api'
import { objectKey, type Client, type Informer } from '#client'
import { equalJson, type KubeObject } from '#machinery'
import { claim } from '../framework/claim.ts'
import type {
  Controller,
  ControllerContext,
  Reconcile,
  WatchOptions,
} from '../framework/controller.ts'
import {
  controllerOf,
  isControlledBy,
  orphansOf,
  ownershipIndex,
  ownershipKeys,
} from '../framework/controller-ref.ts'
import { Expectations } from '../framework/expectations.ts'
import { OwnWrites } from '../framework/own-writes.ts'
import { PodControl } from '../pods/pod-control.ts'
import { isPodActive, isPodTerminating } from '../pods/pod-state.ts'
import type { Replicas } from './replicas.ts'
import { scale } from './scale.ts'
import { nextAvailabilityMs, statusOf } from './status.ts'

/** A kind that keeps so many pods of one template: ReplicaSet, ReplicationController. */
export interface ReplicaKind<T extends KubeObject> extends Pick<Controller, 'name' | 'account'> {
  readonly kind: string
  watch(context: ControllerContext, options: WatchOptions<T>): Informer<T>
  /** Undefined for an object that says nothing about its pods, which validation refuses. */
  view(object: T): Replicas | undefined
  /** Past every cache. */
  get(client: Client, namespace: string, name: string): Promise<T>
  writeStatus(client: Client, object: T, status: ReplicaSetStatus): Promise<T>
  /** Objects that share a node with the pods of this one, if need be, before others. */
  related(owner: T, all: Informer<T>): readonly T[]
}

/** The controller of such a kind. */
export function replicaManager<T extends KubeObject>(kind: ReplicaKind<T>): Controller {
  return {
    name: kind.name,
    account: kind.account,
    setup: (context) => new ReplicaManager(kind, context).reconcile,
  }
}

class ReplicaManager<T extends KubeObject> {
  readonly #kind: ReplicaKind<T>
  readonly #context: ControllerContext
  readonly #expectations: Expectations
  readonly #own = new OwnWrites<T>()
  readonly #control: PodControl
  readonly #owners: Informer<T>
  readonly #pods: Informer<Pod>

  constructor(kind: ReplicaKind<T>, context: ControllerContext) {
    this.#kind = kind
    this.#context = context
    this.#expectations = new Expectations(context.clock)
    this.#control = new PodControl(context.client, context.events)
    this.#owners = kind.watch(context, {
      observe: {
        deleted: (owner) => {
          this.#own.forget(owner)
          this.#expectations.forget(objectKey(owner))
        },
      },
    })
    this.#owners.addIndex(ownershipIndex, ownershipKeys)
    this.#pods = context.watch(Pod, (pod) => this.#ownersOf(pod), {
      relevant: (pod, old) =>
        controllerOf(pod) !== undefined ||
        controllerOf(old) !== undefined ||
        !equalJson(pod.metadata.labels, old.metadata.labels),
      observe: {
        added: (pod) => {
          if (pod.metadata.deletionTimestamp === undefined) this.#created(pod)
          else this.#deleted(pod)
        },
        updated: (pod, old) => {
          const moved = controllerOf(pod)?.uid !== controllerOf(old)?.uid
          if (moved || pod.metadata.deletionTimestamp !== undefined) this.#deleted(old)
        },
        deleted: (pod) => this.#deleted(pod),
      },
    })
    this.#pods.addIndex(ownershipIndex, ownershipKeys)
  }

  readonly reconcile: Reconcile = async (key) => {
    const { clock } = this.#context
    const listed = this.#owners.lister.getByKey(key)
    if (listed === undefined) {
      this.#expectations.forget(key)
      return
    }
    const owner = this.#own.newest(listed)
    const replicas = this.#kind.view(owner)
    if (replicas === undefined) return
    // Asked before the pods are read: what is seen in between only makes the pods more recent.
    const settled = this.#expectations.satisfied(key)
    const { active, terminating } = await this.#podsOf(owner, replicas)
    let failure: Error | undefined
    if (settled && owner.metadata.deletionTimestamp === undefined) {
      failure = await scale({
        key,
        replicas,
        active,
        order: { nowMs: clock.now(), neighbours: this.#neighboursOf(owner) },
        pods: this.#control,
        expectations: this.#expectations,
      })
    }
    const nowMs = clock.now()
    const status = statusOf(replicas, { active, terminating, failure, nowMs })
    if (!equalJson(status, replicas.status)) {
      this.#own.wrote(await this.#kind.writeStatus(this.#context.client, owner, status))
    }
    if (failure !== undefined) throw failure
    return { againAfterMs: nextAvailabilityMs(active, replicas.minReadySeconds, nowMs) }
  }

  async #podsOf(
    owner: T,
    { selector }: Replicas,
  ): Promise<{ active: readonly Pod[]; terminating: readonly Pod[] }> {
    const { client } = this.#context
    const { uid = '', namespace = '', name = '' } = owner.metadata
    const { lister } = this.#pods
    const owned = lister.byIndex(ownershipIndex, uid)
    const orphans = lister.byIndex(ownershipIndex, orphansOf(namespace))
    const active = await claim({
      owner,
      selector,
      candidates: [...owned, ...orphans].filter(isPodActive),
      dependents: client.resource(Pod).namespace(namespace),
      freshOwner: () => this.#kind.get(client, namespace, name),
    })
    const terminating = owned.filter(
      (pod) => isPodTerminating(pod) && selector.matches(pod.metadata.labels),
    )
    return { active, terminating }
  }

  /** Active pods of related owners, by node; counted only when somebody asks. */
  #neighboursOf(owner: T): (pod: Pod) => number {
    let byNode: Map<string, number> | undefined
    return ({ spec }) => {
      byNode ??= this.#activePodsByNode(this.#kind.related(owner, this.#owners))
      return byNode.get(spec.nodeName ?? '') ?? 0
    }
  }

  #activePodsByNode(owners: readonly T[]): Map<string, number> {
    const byNode = new Map<string, number>()
    for (const { metadata } of owners) {
      for (const pod of this.#pods.lister.byIndex(ownershipIndex, metadata.uid ?? '')) {
        if (!isPodActive(pod)) continue
        const { nodeName = '' } = pod.spec
        byNode.set(nodeName, (byNode.get(nodeName) ?? 0) + 1)
      }
    }
    return byNode
  }

  #created(pod: Pod): void {
    const owner = this.#ownerOf(pod)
    if (owner !== undefined) this.#expectations.creationObserved(objectKey(owner))
  }

  #deleted(pod: Pod): void {
    const owner = this.#ownerOf(pod)
    if (owner === undefined) return
    this.#expectations.deletionObserved(objectKey(owner), pod.metadata.uid ?? '')
  }

  /** Who must look at a pod: its owner, or whoever may want an orphan. */
  *#ownersOf(pod: Pod): Iterable<string> {
    const owner = this.#ownerOf(pod)
    if (owner !== undefined) yield objectKey(owner)
    if (controllerOf(pod) !== undefined || pod.metadata.deletionTimestamp !== undefined) return
    for (const other of this.#owners.lister.list(pod.metadata.namespace ?? '')) {
      if (this.#kind.view(other)?.selector.matches(pod.metadata.labels) === true) {
        yield objectKey(other)
      }
    }
  }

  #ownerOf(pod: Pod): T | undefined {
    const reference = controllerOf(pod)
    if (reference?.kind !== this.#kind.kind) return undefined
    const owner = this.#owners.lister.get(pod.metadata.namespace ?? '', reference.name)
    return owner !== undefined && isControlledBy(pod, owner) ? owner : undefined
  }
}
