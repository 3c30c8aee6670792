import { decodeObject, encodeCanonical, storageKey, type Resource } from '#machinery'
import { DecodedObjects } from '../cache/decoded-objects.ts'
import { CacheEntry, storageFace } from '../cache/entry.ts'

/** A cache entry as if the object had been stored at the revision. */
export function entryFor(resource: Resource, revision: number, body: object): CacheEntry {
  const face = storageFace(resource)
  const { object, encoded } = encodeCanonical(face, decodeObject(face, body).draft)
  const { namespace = '', name = '' } = object.metadata
  const key = storageKey(resource, namespace, name)
  const record = { key, createRevision: revision, modRevision: revision }
  return new CacheEntry(resource, record, encoded, object, new DecodedObjects(16))
}
