import {
  finalizerDeleteDependents,
  finalizerOrphanDependents,
  type KubeObject,
  type OwnerReference,
  type Resource,
} from '#machinery'

/**
 * How far the deletion of an object has come: not begun, begun and a matter of others, waiting
 * until its dependents are gone (foreground), or until they are let go (orphan).
 */
export type DeletionState = 'none' | 'deleting' | 'deletingDependents' | 'orphaning'

/** An object as far as ownership goes. */
export interface OwnershipNode {
  readonly uid: string
  /** Undefined while it is known only because others name it as their owner. */
  readonly identity: Identity | undefined
  readonly owners: readonly OwnerReference[]
  readonly dependents: ReadonlySet<OwnershipNode>
  readonly deletion: DeletionState
}

export interface Identity {
  readonly resource: Resource
  readonly apiVersion: string
  readonly kind: string
  /** '' where the kind has none. */
  readonly namespace: string
  readonly name: string
}

/**
 * Who owns whom, over all kinds. Each change returns the uids of the objects that must be looked
 * at because of it; what is to be done about them is decided elsewhere, from the state at that
 * time. Synchronous, and as large as the cluster has objects.
 */
export class OwnershipGraph {
  readonly #nodes = new Map<string, MutableNode>()

  get(uid: string): OwnershipNode | undefined {
    return this.#nodes.get(uid)
  }

  get size(): number {
    return this.#nodes.size
  }

  *[Symbol.iterator](): Generator<OwnershipNode, undefined> {
    yield* this.#nodes.values()
  }

  /** The object is there, in this state. */
  set(object: KubeObject, resource: Resource): ReadonlySet<string> {
    const look = new Set<string>()
    const { uid = '', namespace = '', name = '', ownerReferences = [] } = object.metadata
    const node = this.#nodeOf(uid)
    const isNew = node.identity === undefined
    const { apiVersion, kind } = object
    node.identity = { resource, apiVersion, kind, namespace, name }
    if (isNew) {
      // Who named it as an owner may have meant something else by the same uid.
      for (const dependent of node.dependents) {
        if (!isOwnedBy(dependent, node)) look.add(dependent.uid)
      }
    }
    this.#setOwners(node, ownerReferences, look)
    this.#setDeletion(node, deletionState(object), look)
    return look
  }

  /** The object is gone. Those that name it as their owner still do. */
  delete(uid: string): ReadonlySet<string> {
    const look = new Set<string>()
    const node = this.#nodes.get(uid)
    if (node?.identity === undefined) return look
    this.#setOwners(node, [], look)
    node.identity = undefined
    node.deletion = 'none'
    for (const dependent of node.dependents) look.add(dependent.uid)
    this.#forgetUnneeded(node)
    return look
  }

  #nodeOf(uid: string): MutableNode {
    let node = this.#nodes.get(uid)
    if (node === undefined) {
      node = { uid, identity: undefined, owners: [], dependents: noDependents, deletion: 'none' }
      this.#nodes.set(uid, node)
    }
    return node
  }

  #setOwners(node: MutableNode, owners: readonly OwnerReference[], look: Set<string>): void {
    const before = node.owners
    node.owners = owners
    for (const old of before) {
      const kept = owners.find(({ uid }) => uid === old.uid)
      const owner = this.#nodes.get(old.uid)
      if (owner === undefined) continue
      const unblocks = old.blockOwnerDeletion === true && kept?.blockOwnerDeletion !== true
      if (kept === undefined) owner.dependents.delete(node)
      if (kept === undefined || unblocks) {
        if (owner.deletion === 'deletingDependents') look.add(owner.uid)
        this.#forgetUnneeded(owner)
      }
    }
    for (const { uid } of owners) {
      if (before.some((old) => old.uid === uid)) continue
      const owner = this.#nodeOf(uid)
      // Most objects own nothing and share one set, which stays empty.
      if (owner.dependents === noDependents) owner.dependents = new Set()
      owner.dependents.add(node)
      if (!isOwnedBy(node, owner)) look.add(node.uid)
      if (owner.deletion === 'deletingDependents') look.add(node.uid).add(uid)
    }
  }

  #setDeletion(node: MutableNode, state: DeletionState, look: Set<string>): void {
    if (node.deletion === state) return
    node.deletion = state
    if (state === 'orphaning' || state === 'deletingDependents') look.add(node.uid)
    if (state === 'deletingDependents') {
      for (const dependent of node.dependents) look.add(dependent.uid)
    }
  }

  #forgetUnneeded(node: MutableNode): void {
    if (node.identity === undefined && node.dependents.size === 0) this.#nodes.delete(node.uid)
  }
}

interface MutableNode {
  readonly uid: string
  identity: Identity | undefined
  owners: readonly OwnerReference[]
  dependents: Set<MutableNode>
  deletion: DeletionState
}

const noDependents: Set<MutableNode> = new Set()

/** Whether `owner` is there and is what `node` means by the owner of that uid. */
export function isOwnedBy(node: OwnershipNode, owner: OwnershipNode): boolean {
  const { identity } = owner
  if (identity === undefined || node.identity === undefined) return false
  const reference = node.owners.find(({ uid }) => uid === owner.uid)
  if (reference?.kind !== identity.kind || reference.name !== identity.name) return false
  if (groupOf(reference.apiVersion) !== groupOf(identity.apiVersion)) return false
  return identity.namespace === '' || identity.namespace === node.identity.namespace
}

/** Every owner is there, means to stay, or at least does not wait for its dependents to go. */
export function hasSolidOwners(graph: OwnershipGraph, node: OwnershipNode): boolean {
  return node.owners.every(({ uid }) => {
    const owner = graph.get(uid)
    return owner !== undefined && isOwnedBy(node, owner) && owner.deletion !== 'deletingDependents'
  })
}

/** Those that hold the deletion of their owner up. */
export function blockingDependents(owner: OwnershipNode): OwnershipNode[] {
  return [...owner.dependents].filter(({ owners }) =>
    owners.some(({ uid, blockOwnerDeletion }) => uid === owner.uid && blockOwnerDeletion === true),
  )
}

/** What an object's metadata say of its deletion. */
export function deletionState({ metadata }: KubeObject): DeletionState {
  const { deletionTimestamp, finalizers = [] } = metadata
  if (deletionTimestamp === undefined) return 'none'
  if (finalizers.includes(finalizerOrphanDependents)) return 'orphaning'
  return finalizers.includes(finalizerDeleteDependents) ? 'deletingDependents' : 'deleting'
}

function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/')
  return slash === -1 ? '' : apiVersion.slice(0, slash)
}
