import { must } from '#base'
import type { KeyValue, Revision } from '#store'
import {
  deepFreeze,
  encodeCanonical,
  formatGroupVersion,
  mutable,
  spliceVersion,
  wholeObject,
  type EncodedObject,
  type Face,
  type KubeObject,
  type Resource,
  type StructSchema,
} from '#machinery'
import type { Served, TableColumn, TableRowSource } from '../request.ts'
import { defaultColumns, tableColumns } from './table-columns.ts'
import type { DecodedObjects } from './decoded-objects.ts'

/**
 * One state of one stored object, as the watch cache holds it: the canonical bytes of the storage
 * version, and what selectors and indexes need, so that none of them parses. The decoded object is
 * made on demand and remembered for a while.
 */
export class CacheEntry {
  readonly resource: Resource
  readonly key: string
  readonly encoded: EncodedObject
  readonly createRevision: Revision
  readonly modRevision: Revision
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly labels: Readonly<Record<string, string>>
  /** Values of the resource's selectable fields, in their order. */
  readonly fields: readonly string[]
  readonly ownerUids: readonly string[]
  readonly #decoded: DecodedObjects
  #object: KubeObject | undefined

  constructor(
    resource: Resource,
    record: Pick<KeyValue, 'key' | 'createRevision' | 'modRevision'>,
    encoded: EncodedObject,
    object: KubeObject,
    decoded: DecodedObjects,
  ) {
    const { metadata } = object
    this.resource = resource
    this.key = record.key
    this.encoded = encoded
    this.createRevision = record.createRevision
    this.modRevision = record.modRevision
    this.namespace = metadata.namespace ?? ''
    this.name = metadata.name ?? ''
    this.uid = metadata.uid ?? ''
    this.labels = metadata.labels ?? noLabels
    this.fields = resource.selectableFields.map((field) => field.value(object))
    this.ownerUids = metadata.ownerReferences?.map((owner) => owner.uid) ?? noOwners
    this.#decoded = decoded
    this.#object = versioned(object, this.modRevision)
    decoded.keep(this)
  }

  get bytes(): number {
    return this.encoded.bytes.length
  }

  /** The object in the storage version, with its resourceVersion; frozen. */
  get object(): KubeObject {
    if (this.#object === undefined) {
      const { bytes } = this.encoded
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
      this.#object = versioned(JSON.parse(text) as KubeObject, this.modRevision)
      this.#decoded.keep(this)
    }
    return this.#object
  }

  /** For `DecodedObjects`: drops what can be made again. */
  forgetObject(): void {
    this.#object = undefined
  }

  /** This state as a face shows it; with the revision of a deletion or selector exit where given. */
  served(face: Face, revision: Revision = this.modRevision): Served {
    return face === this.resource.faces[0]
      ? new StoredServed(this, face, revision)
      : new ConvertedServed(this.resource, face, versioned(this.object, revision))
  }
}

/** An object in a face, from the form it is stored in; frozen. */
export function fromStorage(face: Face, stored: KubeObject): KubeObject {
  if (face.fromStorage === undefined) {
    const apiVersion = formatGroupVersion(face)
    return apiVersion === stored.apiVersion ? stored : deepFreeze({ ...stored, apiVersion })
  }
  const draft = mutable(stored)
  draft.apiVersion = formatGroupVersion(face)
  draft.kind = face.kind
  return deepFreeze(face.fromStorage(draft)) as KubeObject
}

/** An object in its stored form that is not stored (a dry run), served in the same manner. */
export function servedUnstored(resource: Resource, face: Face, stored: KubeObject): Served {
  return new ConvertedServed(resource, face, stored)
}

/** An object that has no stored form (a review, a scale) and no columns of its own. */
export function servedObject(resource: Resource, face: Face, object: KubeObject): Served {
  return new ConvertedServed(resource, face, object, object)
}

class StoredServed implements Served {
  readonly apiVersion: string
  readonly kind: string
  readonly #entry: CacheEntry
  readonly #face: Face
  readonly #revision: Revision

  constructor(entry: CacheEntry, face: Face, revision: Revision) {
    this.#entry = entry
    this.#face = face
    this.#revision = revision
    this.apiVersion = formatGroupVersion(face)
    this.kind = face.kind
  }

  object(): KubeObject {
    const { object, modRevision } = this.#entry
    return this.#revision === modRevision ? object : versioned(object, this.#revision)
  }

  json(): Uint8Array {
    return spliceVersion(this.#entry.encoded, String(this.#revision))
  }

  item(): Uint8Array {
    return this.#face.schema.structural === undefined
      ? itemOf(this.#entry.encoded, String(this.#revision))
      : this.json()
  }

  get schema(): StructSchema {
    return wholeObject(this.#face.schema)
  }

  get columns(): readonly TableColumn[] {
    return tableColumns(this.#entry.resource)
  }

  cells(nowMs: number): TableRowSource {
    return rowOf(this.#entry.resource, this.object(), nowMs)
  }
}

class ConvertedServed implements Served {
  readonly apiVersion: string
  readonly kind: string
  readonly #resource: Resource
  readonly #face: Face
  /** What columns are made from. */
  readonly #stored: KubeObject
  readonly #object: KubeObject

  constructor(
    resource: Resource,
    face: Face,
    stored: KubeObject,
    object = fromStorage(face, stored),
  ) {
    this.#resource = resource
    this.#face = face
    this.apiVersion = formatGroupVersion(face)
    this.kind = face.kind
    this.#stored = stored
    this.#object = object
  }

  object(): KubeObject {
    return this.#object
  }

  json(): Uint8Array {
    const { encoded, version } = this.#encode()
    return version === undefined ? encoded.bytes : spliceVersion(encoded, version)
  }

  item(): Uint8Array {
    const { encoded, version } = this.#encode()
    return this.#face.schema.structural === undefined ? itemOf(encoded, version) : this.json()
  }

  get schema(): StructSchema {
    return wholeObject(this.#face.schema)
  }

  get columns(): readonly TableColumn[] {
    return this.#isOfResource ? tableColumns(this.#resource) : defaultColumns
  }

  cells(nowMs: number): TableRowSource {
    const { metadata } = this.#object
    return this.#isOfResource
      ? rowOf(this.#resource, this.#stored, nowMs)
      : { cells: [metadata.name ?? '', metadata.creationTimestamp ?? ''], conditions: [] }
  }

  /** The resource's columns say nothing of what its subresources answer with. */
  get #isOfResource(): boolean {
    return this.#resource.faces.includes(this.#face)
  }

  #encode() {
    const { encoded } = encodeCanonical(this.#face, this.#object)
    return { encoded, version: this.#object.metadata.resourceVersion }
  }
}

function itemOf(encoded: EncodedObject, version: string | undefined): Uint8Array {
  const { bytes, typeMetaEnd, versionAt } = encoded
  const member = version === undefined ? '' : `,"resourceVersion":"${version}"`
  const out = Buffer.allocUnsafeSlow(1 + bytes.length - typeMetaEnd + member.length)
  out[0] = 0x7b
  out.set(bytes.subarray(typeMetaEnd, versionAt), 1)
  const at = 1 + versionAt - typeMetaEnd
  out.write(member, at, 'latin1')
  out.set(bytes.subarray(versionAt), at + member.length)
  return out
}

function rowOf(resource: Resource, object: KubeObject, nowMs: number): TableRowSource {
  const { columns } = resource
  return {
    cells:
      columns.length === 0
        ? [object.metadata.name ?? '', object.metadata.creationTimestamp ?? '']
        : columns.map((column) => column.value(object, { nowMs })),
    conditions: resource.rowConditions?.(object) ?? [],
  }
}

/** The object with the resourceVersion it is served with, frozen. */
function versioned(object: KubeObject, revision: Revision): KubeObject {
  const resourceVersion = String(revision)
  if (object.metadata.resourceVersion === resourceVersion) return deepFreeze(object)
  return deepFreeze({ ...object, metadata: { ...object.metadata, resourceVersion } })
}

/** The storage face: the first one. */
export function storageFace(resource: Resource): Face {
  return must(resource.faces[0], 'a resource has a face')
}

const noLabels: Readonly<Record<string, string>> = Object.freeze({})
const noOwners: readonly string[] = Object.freeze([])
