import { APIService, CustomResourceDefinition } from '#api'
import {
  finalizerDeleteDependents,
  finalizerOrphanDependents,
  type KubeObject,
  type OwnerReference,
} from '#machinery'
import { controller, type ControllerContext } from '../framework/controller.ts'
import { resourceOf } from '../framework/discovery.ts'
import { AbsentOwners } from './absent-owners.ts'
import {
  blockingDependents,
  deletionState,
  hasSolidOwners,
  OwnershipGraph,
  type Identity,
  type OwnershipNode,
} from './graph.ts'
import { Monitors } from './monitors.ts'
import { CollectedObjects, versionOf, type Target } from './objects.ts'
import { judge, type OwnerState } from './verdict.ts'

/** The key that stands for the question which kinds there are; all others are uids. */
const kindsKey = 'kinds'
/** Extension servers do not tell when they serve other kinds, so they are asked again. */
const kindsAgainMs = 30_000
/** Dependents that are let go at a time. */
const orphansAtOnce = 20

/**
 * Deletes objects whose owners are gone, and carries out what deletions ask for their dependents:
 * foreground (the owner goes after them) and orphan (they stay without it).
 */
export const garbageCollector = controller({
  name: 'garbage-collector-controller',
  account: 'generic-garbage-collector',
  workers: 20,
  setup(context) {
    const collector = new Collector(context)
    const kinds = () => [kindsKey]
    context.watch(CustomResourceDefinition, kinds)
    context.watch(APIService, kinds)
    context.queue.add(kindsKey)
    return async (key, signal) => {
      if (key !== kindsKey) return collector.look(key, signal)
      await collector.monitors.refresh(signal)
      return { againAfterMs: kindsAgainMs }
    }
  },
})

class Collector {
  readonly monitors: Monitors
  readonly #context: ControllerContext
  readonly #graph = new OwnershipGraph()
  readonly #objects: CollectedObjects
  readonly #absent = new AbsentOwners()
  /** What is to be looked at when all that exists is known. */
  readonly #held = new Set<string>()

  constructor(context: ControllerContext) {
    this.#context = context
    this.#objects = new CollectedObjects(context.client)
    this.monitors = new Monitors(context, {
      set: (object, resource) => this.#lookAt(this.#graph.set(object, resource)),
      delete: ({ metadata }) => this.#lookAt(this.#graph.delete(metadata.uid ?? '')),
      ended: (resource) => {
        const gone = [...this.#graph].filter(({ identity }) => identity?.resource === resource)
        for (const { uid } of gone) this.#lookAt(this.#graph.delete(uid))
      },
      settled: () => {
        this.#lookAt(this.#held)
        this.#held.clear()
      },
    })
  }

  /** Brings one object to where its owners and its own deletion want it. */
  async look(uid: string, signal: AbortSignal): Promise<void> {
    const node = this.#graph.get(uid)
    if (node?.identity === undefined) return
    // Without knowing all dependents, none can be told to be the last.
    if (!this.monitors.settled) {
      this.#held.add(uid)
      return
    }
    switch (node.deletion) {
      case 'none':
        return this.#collect(node, node.identity, signal)
      case 'deletingDependents':
        return this.#finishForeground(node, node.identity, signal)
      case 'orphaning':
        return this.#orphan(node, node.identity, signal)
      case 'deleting':
        return
    }
  }

  async #collect(node: OwnershipNode, identity: Identity, signal: AbortSignal): Promise<void> {
    if (hasSolidOwners(this.#graph, node)) return
    const target = targetOf(node, identity)
    const live = await this.#objects.find(target, signal)
    if (live === undefined) {
      // The watch will say the same, or has and was overtaken.
      this.#lookAt(this.#graph.delete(node.uid))
      return
    }
    if (deletionState(live) !== 'none') return
    const owners = await this.#ownersOf(live, signal)
    if (owners === undefined) return
    const verdict = judge({
      owners,
      finalizers: live.metadata.finalizers ?? [],
      hasDependents: node.dependents.size > 0,
      hasWaitingDependent: [...node.dependents].some(
        ({ deletion }) => deletion === 'deletingDependents',
      ),
    })
    switch (verdict.action) {
      case 'keep':
        return
      case 'release':
        return this.#objects.release(target, verdict.owners, signal)
      case 'delete':
        if (verdict.unblockOwners) {
          await this.#objects.unblockOwners(target, live, signal)
          const unblocked = await this.#objects.find(target, signal)
          if (unblocked === undefined) return
          return this.#objects.delete(target, unblocked, verdict.propagationPolicy, signal)
        }
        return this.#objects.delete(target, live, verdict.propagationPolicy, signal)
    }
  }

  async #finishForeground(
    node: OwnershipNode,
    identity: Identity,
    signal: AbortSignal,
  ): Promise<void> {
    const blocking = blockingDependents(node)
    if (blocking.length > 0) {
      this.#lookAt(blocking.filter(({ deletion }) => deletion === 'none').map(({ uid }) => uid))
      return
    }
    const target = targetOf(node, identity)
    await this.#objects.removeFinalizer(target, finalizerDeleteDependents, signal)
  }

  async #orphan(node: OwnershipNode, identity: Identity, signal: AbortSignal): Promise<void> {
    const dependents = [...node.dependents]
    for (let at = 0; at < dependents.length; at += orphansAtOnce) {
      await Promise.all(
        dependents.slice(at, at + orphansAtOnce).map(async (dependent) => {
          if (dependent.identity === undefined) return
          await this.#objects.release(targetOf(dependent, dependent.identity), [node.uid], signal)
        }),
      )
    }
    const target = targetOf(node, identity)
    await this.#objects.removeFinalizer(target, finalizerOrphanDependents, signal)
  }

  /** What the owners have come to; undefined where one can never be found, so nothing is done. */
  async #ownersOf(object: KubeObject, signal: AbortSignal) {
    const owners: { readonly uid: string; readonly state: OwnerState }[] = []
    for (const reference of object.metadata.ownerReferences ?? []) {
      const state = await this.#stateOf(object, reference, signal)
      if (state === undefined) return undefined
      owners.push({ uid: reference.uid, state })
    }
    return owners
  }

  async #stateOf(
    object: KubeObject,
    reference: OwnerReference,
    signal: AbortSignal,
  ): Promise<OwnerState | undefined> {
    const { apiVersion, kind, name, uid } = reference
    const discovered = this.monitors.resourceOf(apiVersion, kind)
    if (discovered === undefined) {
      throw new Error(`no matches for kind ${JSON.stringify(kind)} in version ${apiVersion}`)
    }
    const { namespace: own = '' } = object.metadata
    if (discovered.namespaced && own === '') {
      this.#reportNamespace(object, reference)
      return undefined
    }
    const namespace = discovered.namespaced ? own : ''
    const owner: Target = {
      resource: resourceOf(discovered),
      version: discovered,
      namespace,
      name,
      uid,
    }
    if (this.#absent.has(owner)) return 'dangling'
    const live = await this.#objects.find(owner, signal)
    if (live === undefined) {
      this.#absent.add(owner)
      const known = this.#graph.get(uid)?.identity
      if (known !== undefined && known.namespace !== '' && known.namespace !== own) {
        this.#reportNamespace(object, reference)
      }
      return 'dangling'
    }
    return deletionState(live) === 'deletingDependents' ? 'waiting' : 'solid'
  }

  #reportNamespace(object: KubeObject, { apiVersion, kind, name, uid }: OwnerReference): void {
    const { namespace = '' } = object.metadata
    const owner = `[${apiVersion}/${kind}, namespace: ${namespace}, name: ${name}, uid: ${uid}]`
    this.#context.events.record(object, {
      type: 'Warning',
      reason: 'OwnerRefInvalidNamespace',
      message: `ownerRef ${owner} does not exist in namespace ${JSON.stringify(namespace)}`,
    })
  }

  #lookAt(uids: Iterable<string>): void {
    for (const uid of uids) this.#context.queue.add(uid)
  }
}

function targetOf({ uid }: OwnershipNode, identity: Identity): Target {
  const { resource, apiVersion, namespace, name } = identity
  return { resource, version: versionOf(apiVersion), namespace, name, uid }
}
