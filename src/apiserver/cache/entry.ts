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
import type { JsonSink, Served, TableColumn, TableRowSource } from '../request.ts'
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
  /** The store holds it in another form than it would be written in now. */
  readonly outdated: boolean
  readonly #decoded: DecodedObjects
  #object: KubeObject | undefined
  /** As the constructor got it: frozen, and given its version, only if somebody asks for it. */
  #given: KubeObject | undefined

  constructor(
    resource: Resource,
    record: Pick<KeyValue, 'key' | 'createRevision' | 'modRevision'>,
    encoded: EncodedObject,
    object: KubeObject,
    decoded: DecodedObjects,
    outdated = false,
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
    this.outdated = outdated
    this.#decoded = decoded
    this.#given = object
    decoded.keep(this)
  }

  get bytes(): number {
    return this.encoded.bytes.length
  }

  /** The object in the storage version, with its resourceVersion; frozen. */
  get object(): KubeObject {
    if (this.#object === undefined) {
      if (this.#given === undefined) this.#decoded.keep(this)
      this.#object = versioned(this.#given ?? this.#parse(), this.modRevision)
      this.#given = undefined
    }
    return this.#object
  }

  /**
   * The object for a look within this turn, with or without a resourceVersion: what has to be
   * decoded for it is not remembered, so that a walk over all objects displaces nothing.
   */
  peek(): KubeObject {
    return this.#object ?? this.#given ?? this.#parse()
  }

  /** For `DecodedObjects`: drops what can be made again. */
  forgetObject(): void {
    this.#object = undefined
    this.#given = undefined
  }

  /** This state as a face shows it; with the revision of a deletion or selector exit where given. */
  served(face: Face, revision: Revision = this.modRevision): Served {
    return face === this.resource.faces[0]
      ? new StoredServed(this, face, revision)
      : new ConvertedServed(this.resource, face, versioned(this.object, revision))
  }

  #parse(): KubeObject {
    const { bytes } = this.encoded
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
    return JSON.parse(text) as KubeObject
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

  writeItem(to: JsonSink): void {
    writeItem(to, this.#face, this.#entry.encoded, String(this.#revision))
  }

  writeMetadata(to: JsonSink): void {
    writeMetadata(to, this.#entry.encoded, String(this.#revision))
  }

  get schema(): StructSchema {
    return wholeObject(this.#face.schema)
  }

  get columns(): readonly TableColumn[] {
    return tableColumns(this.#entry.resource)
  }

  cells(nowMs: number): TableRowSource {
    return rowOf(this.#entry.resource, this.#entry.peek(), nowMs)
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

  writeItem(to: JsonSink): void {
    const { encoded, version } = this.#encode()
    writeItem(to, this.#face, encoded, version)
  }

  writeMetadata(to: JsonSink): void {
    const { encoded, version } = this.#encode()
    writeMetadata(to, encoded, version)
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

/** Kinds that arrive as documents keep their TypeMeta in lists, as upstream's do. */
function writeItem(
  to: JsonSink,
  face: Face,
  { bytes, typeMetaEnd, versionAt }: EncodedObject,
  version: string | undefined,
): void {
  const typed = face.schema.structural === undefined
  if (typed) to.text('{')
  to.bytes(bytes, typed ? typeMetaEnd : 0, versionAt)
  if (version !== undefined) to.text(`,"resourceVersion":"${version}"`)
  to.bytes(bytes, versionAt)
}

function writeMetadata(
  to: JsonSink,
  { bytes, typeMetaEnd, versionAt, metadataEnd }: EncodedObject,
  version: string | undefined,
): void {
  to.bytes(bytes, typeMetaEnd + metadataKey.length, versionAt)
  if (version !== undefined) to.text(`,"resourceVersion":"${version}"`)
  to.bytes(bytes, versionAt, metadataEnd)
}

const metadataKey = '"metadata":'

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
