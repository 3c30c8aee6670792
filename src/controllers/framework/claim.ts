import type { ResourceClient } from '#client'
import { hasReason, type KubeObject, type LabelSelector } from '#machinery'
import { controllerOf, controllerReference } from './controller-ref.ts'

/** What a controller does about an object that it might manage. */
export type Claim = 'mine' | 'adopt' | 'release' | 'ignore'

/**
 * Ownership by ControllerRef: who is named as controller manages the object as long as the
 * selector fits; an orphan goes to whom it fits. An owner that is being deleted changes nothing.
 */
export function claimOf(owner: KubeObject, selector: LabelSelector, object: KubeObject): Claim {
  const controller = controllerOf(object)
  const ownerDeleted = owner.metadata.deletionTimestamp !== undefined
  const fits = selector.matches(object.metadata.labels)
  if (controller !== undefined) {
    if (controller.uid !== owner.metadata.uid) return 'ignore'
    if (fits) return 'mine'
    return ownerDeleted ? 'ignore' : 'release'
  }
  if (!fits || ownerDeleted || object.metadata.deletionTimestamp !== undefined) return 'ignore'
  return object.metadata.namespace === owner.metadata.namespace ? 'adopt' : 'ignore'
}

export interface ClaimOptions<T extends KubeObject> {
  readonly owner: KubeObject
  readonly selector: LabelSelector
  /** Those that `owner` controls, and orphans. */
  readonly candidates: readonly T[]
  /** The dependents' namespace. */
  readonly dependents: Pick<ResourceClient<T, KubeObject>, 'patch'>
  /** The owner as the API server has it now; asked once, and only where something is adopted. */
  readonly freshOwner: () => Promise<KubeObject>
}

/**
 * The candidates that the owner manages, after adopting what fits and releasing what no longer
 * does. Rejects when that was not possible; what was claimed until then stays claimed.
 */
export async function claim<T extends KubeObject>(options: ClaimOptions<T>): Promise<T[]> {
  const { owner, selector, candidates, dependents } = options
  const claimed: T[] = []
  let mayAdopt: Promise<void> | undefined
  for (const object of candidates) {
    const name = object.metadata.name ?? ''
    switch (claimOf(owner, selector, object)) {
      case 'mine':
        claimed.push(object)
        break
      case 'adopt': {
        mayAdopt ??= checkOwner(owner, options.freshOwner)
        await mayAdopt
        const adopted = await unlessGone(
          dependents.patch(name, { type: 'strategic', patch: adoption(owner, object) }),
        )
        if (adopted !== undefined) claimed.push(adopted)
        break
      }
      case 'release':
        await unlessGone(
          dependents.patch(name, { type: 'strategic', patch: releasing(owner, object) }),
        )
        break
      case 'ignore':
        break
    }
  }
  return claimed
}

/** The informer may not know yet that the owner is being deleted, or is another one by now. */
async function checkOwner(owner: KubeObject, freshOwner: () => Promise<KubeObject>): Promise<void> {
  const { kind, metadata } = owner
  const { namespace = '', name = '', uid = '' } = metadata
  const fresh = (await freshOwner()).metadata
  if (fresh.uid !== uid) {
    throw new Error(
      `original ${kind} ${namespace}/${name} is gone: got uid ${fresh.uid}, wanted ${uid}`,
    )
  }
  if (fresh.deletionTimestamp !== undefined) {
    throw new Error(`${namespace}/${name} has just been deleted at ${fresh.deletionTimestamp}`)
  }
}

/** The uid holds the patch to the very object that was looked at. */
function adoption(owner: KubeObject, { metadata: { uid } }: KubeObject): unknown {
  return { metadata: { uid, ownerReferences: [controllerReference(owner)] } }
}

function releasing(owner: KubeObject, { metadata: { uid } }: KubeObject): unknown {
  return { metadata: { uid, ownerReferences: [{ $patch: 'delete', uid: owner.metadata.uid }] } }
}

/** An object that is gone, or another one of that name (Invalid: the uid differs), is not ours. */
async function unlessGone<T>(patched: Promise<T>): Promise<T | undefined> {
  try {
    return await patched
  } catch (error) {
    if (hasReason(error, 'NotFound') || hasReason(error, 'Invalid')) return undefined
    throw error
  }
}
