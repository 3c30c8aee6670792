import type { KubeObject } from '#machinery'

/**
 * The object without metadata.managedFields, frozen. Made once per object, however many informers
 * see it; everything below the top two levels is shared with the object.
 */
export function withoutManagedFields<T extends KubeObject>(object: T): T {
  if (object.metadata.managedFields === undefined) return object
  const known = stripped.get(object)
  // Only what was made of an object of this type is filed under it.
  if (known !== undefined) return known as T
  const { managedFields: _, ...metadata } = object.metadata
  const lean: T = Object.freeze({ ...object, metadata: Object.freeze(metadata) })
  stripped.set(object, lean)
  return lean
}

const stripped = new WeakMap<KubeObject, KubeObject>()
