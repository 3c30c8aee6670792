import {
  finalizerDeleteDependents,
  finalizerOrphanDependents,
  type OwnerReference,
} from '#machinery'

/** What a reference to an owner comes to: it is there, it is not, or it waits for us to go. */
export type OwnerState = 'solid' | 'dangling' | 'waiting'

/** What is to be done about an object that has owners. */
export type Verdict =
  | { readonly action: 'keep' }
  /** It stays because of its other owners; these mean nothing any more. */
  | { readonly action: 'release'; readonly owners: readonly string[] }
  | {
      readonly action: 'delete'
      readonly propagationPolicy: 'Background' | 'Foreground' | 'Orphan'
      /** Its owners and its dependents wait for each other: let the owners go first. */
      readonly unblockOwners: boolean
    }

/** An object as it is judged, with what its owners have come to. */
export interface Judged {
  readonly owners: readonly (Pick<OwnerReference, 'uid'> & { readonly state: OwnerState })[]
  readonly finalizers: readonly string[]
  readonly hasDependents: boolean
  /** A dependent waits for its own dependents, so there may be a circle. */
  readonly hasWaitingDependent: boolean
}

/** One solid owner is enough to stay; without any an object goes, as its owners went. */
export function judge({ owners, finalizers, hasDependents, hasWaitingDependent }: Judged): Verdict {
  if (owners.length === 0) return { action: 'keep' }
  const useless = owners.filter(({ state }) => state !== 'solid')
  if (useless.length === 0) return { action: 'keep' }
  if (useless.length < owners.length) {
    return { action: 'release', owners: useless.map(({ uid }) => uid) }
  }
  if (hasDependents && owners.some(({ state }) => state === 'waiting')) {
    return {
      action: 'delete',
      propagationPolicy: 'Foreground',
      unblockOwners: hasWaitingDependent,
    }
  }
  // A finalizer that is there already says what whoever set it wants.
  return { action: 'delete', propagationPolicy: wanted(finalizers), unblockOwners: false }
}

function wanted(finalizers: readonly string[]): 'Background' | 'Foreground' | 'Orphan' {
  if (finalizers.includes(finalizerOrphanDependents)) return 'Orphan'
  return finalizers.includes(finalizerDeleteDependents) ? 'Foreground' : 'Background'
}
