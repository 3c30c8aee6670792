import { assert } from '#base'
import {
  encodeCanonical,
  storageKey,
  type EncodedObject,
  type KubeObject,
  type Resource,
} from '#machinery'

/** What a template becomes in one cluster: ready to be stored. */
export interface Planted {
  readonly resource: Resource
  readonly key: string
  readonly encoded: EncodedObject
  readonly object: KubeObject
}

/**
 * The stored form of an object that is the same in every cluster but for its uid and its time. Made
 * once per process; a copy for another cluster is the bytes with those two written over.
 */
export class Template {
  readonly #resource: Resource
  readonly #key: string
  readonly #encoded: EncodedObject
  readonly #object: KubeObject
  readonly #uidAt: readonly number[]
  readonly #timeAt: readonly number[]

  /** The object as it was stored once, or would have been. */
  constructor(resource: Resource, stored: KubeObject) {
    const { namespace = '', name = '', uid = '', creationTimestamp } = stored.metadata
    assert(uid !== '' && creationTimestamp !== undefined, 'a stored object has a uid and a time')
    const { object, encoded } = encodeCanonical(resource.faces[0], stored)
    this.#resource = resource
    this.#key = storageKey(resource, namespace, name)
    this.#encoded = encoded
    this.#object = object
    this.#uidAt = placesOf(encoded.bytes, uid)
    this.#timeAt = placesOf(encoded.bytes, creationTimestamp)
    assert(this.#uidAt.length === 1, 'a uid stands once in its object')
  }

  /** A copy with a uid and a time (RFC 3339, seconds) of its own. */
  fill(uid: string, time: string): Planted {
    const bytes = Buffer.allocUnsafeSlow(this.#encoded.bytes.length)
    bytes.set(this.#encoded.bytes)
    for (const at of this.#uidAt) bytes.write(uid, at, 'latin1')
    for (const at of this.#timeAt) bytes.write(time, at, 'latin1')
    const { metadata } = this.#object
    const managedFields = metadata.managedFields?.map((entry) => ({ ...entry, time }))
    const object = {
      ...this.#object,
      metadata: {
        ...metadata,
        uid,
        creationTimestamp: time,
        ...(managedFields && { managedFields }),
      },
    }
    const encoded = { ...this.#encoded, bytes }
    return { resource: this.#resource, key: this.#key, encoded, object }
  }
}

function placesOf(bytes: Uint8Array, text: string): readonly number[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const places: number[] = []
  for (let at = buffer.indexOf(text); at !== -1; at = buffer.indexOf(text, at + text.length)) {
    places.push(at)
  }
  return places
}
