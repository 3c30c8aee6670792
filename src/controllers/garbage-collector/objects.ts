import type { Client, DeleteOptions, ResourceClient } from '#client'
import {
  equalJson,
  hasReason,
  parseGroupVersion,
  type GroupVersion,
  type KubeObject,
  type OwnerReference,
  type Resource,
} from '#machinery'

/** What the collector does to objects, whatever their kind. Calls reject with StatusError. */
export class CollectedObjects {
  readonly #client: Client

  constructor(client: Client) {
    this.#client = client
  }

  /** The object as the server has it now, undefined where that is gone or another one. */
  async find(target: Target, signal: AbortSignal): Promise<KubeObject | undefined> {
    try {
      const object = await this.#of(target).get(target.name, { signal })
      return object.metadata.uid === target.uid ? object : undefined
    } catch (error) {
      if (hasReason(error, 'NotFound')) return undefined
      throw error
    }
  }

  /**
   * Deletes the object in the state that was judged, or in a later one with the same owners.
   * Rejects with reason Conflict where the owners are others now.
   */
  async delete(
    target: Target,
    judged: KubeObject,
    propagationPolicy: DeleteOptions['propagationPolicy'],
    signal: AbortSignal,
  ): Promise<void> {
    const objects = this.#of(target)
    const { uid } = target
    const { resourceVersion, ownerReferences = [] } = judged.metadata
    const attempt = (preconditions: DeleteOptions['preconditions']) =>
      ignoreGone(objects.delete(target.name, { propagationPolicy, preconditions, signal }))
    try {
      await attempt({ uid, resourceVersion })
    } catch (error) {
      if (!hasReason(error, 'Conflict')) throw error
      const live = await this.find(target, signal)
      if (live === undefined) return
      const { metadata } = live
      if (metadata.resourceVersion === resourceVersion) throw error
      if (!equalJson(metadata.ownerReferences ?? [], ownerReferences)) throw error
      await attempt({ uid })
    }
  }

  /** Takes references to these owners out. */
  release(target: Target, owners: readonly string[], signal: AbortSignal): Promise<void> {
    const ownerReferences = owners.map((uid) => ({ $patch: 'delete', uid }))
    return this.#patchOwners(target, signal, ownerReferences, (references) =>
      references.filter(({ uid }) => !owners.includes(uid)),
    )
  }

  /** The object no longer holds the deletion of its owners up. */
  unblockOwners(target: Target, judged: KubeObject, signal: AbortSignal): Promise<void> {
    const blocking = (judged.metadata.ownerReferences ?? []).filter(
      ({ blockOwnerDeletion }) => blockOwnerDeletion === true,
    )
    if (blocking.length === 0) return Promise.resolve()
    const unblocked = blocking.map(({ uid }) => ({ uid, blockOwnerDeletion: false }))
    return this.#patchOwners(target, signal, unblocked, (references) =>
      references.map((reference) => ({ ...reference, blockOwnerDeletion: false })),
    )
  }

  /** Takes the finalizer away, if it is there. Rejects with Conflict where the object changes. */
  async removeFinalizer(target: Target, finalizer: string, signal: AbortSignal): Promise<void> {
    const object = await this.find(target, signal)
    const { finalizers = [], resourceVersion } = object?.metadata ?? {}
    if (!finalizers.includes(finalizer)) return
    const kept = finalizers.filter((each) => each !== finalizer)
    const patch = { metadata: { resourceVersion, finalizers: kept } }
    await ignoreGone(this.#of(target).patch(target.name, { type: 'merge', patch }, { signal }))
  }

  /** Kinds that are no built-in ones have no strategic merge: there the whole list is written. */
  async #patchOwners(
    target: Target,
    signal: AbortSignal,
    ownerReferences: readonly object[],
    change: (references: readonly OwnerReference[]) => readonly OwnerReference[],
  ): Promise<void> {
    const objects = this.#of(target)
    const { name, uid } = target
    const strategic = { metadata: { uid, ownerReferences } }
    try {
      await ignoreGone(objects.patch(name, { type: 'strategic', patch: strategic }, { signal }))
    } catch (error) {
      if (!hasReason(error, 'UnsupportedMediaType')) throw error
      const live = await this.find(target, signal)
      if (live === undefined) return
      const { resourceVersion, ownerReferences: references = [] } = live.metadata
      const patch = { metadata: { resourceVersion, ownerReferences: change(references) } }
      await ignoreGone(objects.patch(name, { type: 'merge', patch }, { signal }))
    }
  }

  #of({ resource, version, namespace }: Target): ResourceClient<KubeObject, Patched> {
    const objects: ResourceClient<KubeObject, Patched> = this.#client.resource(resource, version)
    return resource.namespaced ? objects.namespace(namespace) : objects
  }
}

/** An object to act upon. */
export interface Target {
  readonly resource: Resource
  readonly version: GroupVersion
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

interface Patched {
  readonly metadata: object
}

export function versionOf(apiVersion: string): GroupVersion {
  const version = parseGroupVersion(apiVersion)
  if (version === undefined) throw new TypeError(`${apiVersion} is no group and version`)
  return version
}

async function ignoreGone(call: Promise<unknown>): Promise<void> {
  try {
    await call
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error
  }
}
