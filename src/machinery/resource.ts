import { isDNS1123Subdomain } from './names-validation.ts'
import type { FieldError } from './field-error.ts'
import type { ObjectMeta, ObjectMetaInput } from './object-meta.ts'
import type { GroupVersion, GroupVersionKind } from './names.ts'
import type { StructSchema } from './schema/schema.ts'
import type { InputOf, Mutable, ReadOf } from './schema/types.ts'

/** What every API object has. */
export interface KubeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
}

/** A KubeObject while it is being made. */
export type ObjectDraft = Mutable<KubeObject>

/** An object of a resource as it is read: frozen, defaulted, normalized. */
export type ObjectOf<R> = R extends Resource<infer S> ? KubeObject & ReadOf<S> : never

/** An object of a resource as a client may write it. */
export type InputObjectOf<R> =
  R extends Resource<infer S>
    ? {
        readonly apiVersion?: string
        readonly kind?: string
        readonly metadata: ObjectMetaInput
      } & InputOf<S>
    : never

/** The type of one object of a face's schema, and its mutable form in a strategy. */
export type Whole<S extends StructSchema> = KubeObject & ReadOf<S>
export type WholeDraft<S extends StructSchema> = Mutable<Whole<S>>

/**
 * One storage identity with one or more faces. A kind is described here once, and everything that
 * is general about kinds asks this description; nothing general asks for a kind's name.
 */
export interface Resource<S extends StructSchema = StructSchema> extends Strategy<S> {
  /** The plural name in URLs. */
  readonly name: string
  readonly singularName: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly namespaced: boolean
  /** The first face is the one that is stored. All have the resource's name and scope. */
  readonly faces: readonly [Face<S>, ...Face[]]
  /** Below /registry; upstream's, so that data can be copied through etcd. */
  readonly storagePath: string
  /** Absent verbs answer 405. Without `get` nothing is stored: reviews and other virtual kinds. */
  readonly verbs: ReadonlySet<Verb>
  readonly subresources: Readonly<Record<string, Subresource<S>>>
  /** How long superseded states can still be read. */
  readonly history: 'window' | 'short'
  readonly selectableFields: readonly SelectableField<S>[]
  readonly columns: readonly Column<S>[]
  /** The conditions kubectl greys rows out by, such as a pod that has completed. */
  rowConditions?(object: Whole<S>): readonly RowCondition[]
}

export type Verb =
  | 'create'
  | 'delete'
  | 'deletecollection'
  | 'get'
  | 'list'
  | 'patch'
  | 'update'
  | 'watch'

export interface Face<S extends StructSchema = StructSchema> extends GroupVersionKind {
  /** The whole object besides TypeMeta and metadata. */
  readonly schema: S
  /**
   * To and from the stored face, on normalized objects; identity where absent. They receive a
   * value they may change and return, with `apiVersion` and `kind` already set.
   */
  readonly toStorage?: ((draft: ObjectDraft) => ObjectDraft) | undefined
  readonly fromStorage?: ((draft: ObjectDraft) => ObjectDraft) | undefined
  readonly deprecated?: boolean | undefined
}

/** What a kind says about writes, in the order in which a write asks it. */
export interface Strategy<S extends StructSchema = StructSchema> {
  /** Whether changes of the specification count in `metadata.generation`. */
  readonly generation: boolean
  /** A creation may say the status, as a kubelet does that registers its node. */
  readonly keepsStatusAtCreation?: boolean | undefined
  /** A PUT of a name that is not there creates it. */
  readonly createOnUpdate: boolean
  /** A write without resourceVersion is accepted. */
  readonly unconditionalUpdate: boolean
  readonly validateName: (name: string, prefix: boolean) => readonly string[]
  /** Resets what clients may not set at creation. The status is already emptied. */
  prepareForCreate?(draft: WholeDraft<S>, context: StrategyContext): void
  /** Carries over what this kind of update may not change. The status is already the old one. */
  prepareForUpdate?(draft: WholeDraft<S>, old: Whole<S>, context: StrategyContext): void
  validate?(object: Whole<S>, context: StrategyContext): readonly FieldError[]
  validateUpdate?(object: Whole<S>, old: Whole<S>, context: StrategyContext): readonly FieldError[]
  warnings?(
    object: Whole<S>,
    old: Whole<S> | undefined,
    context: StrategyContext,
  ): readonly string[]
  /** Seconds of grace a deletion leaves the object; undefined: it goes at once. */
  deletionGrace?(object: Whole<S>, requestedSeconds: number | undefined): number | undefined
  /** The cascade when a delete names none; background where absent. */
  readonly defaultPropagation?: 'Background' | 'Orphan' | undefined
  /** What else must be gone before the object goes, besides metadata.finalizers (namespaces). */
  pendingFinalizers?(object: Whole<S>): readonly string[]
  /** Marks an object whose deletion begins but cannot be carried out yet. */
  markDeleting?(draft: WholeDraft<S>, context: StrategyContext): void
  /** A delete that is carried out answers with the object's last state instead of a Status. */
  readonly returnsDeleted?: boolean | undefined
}

export interface StrategyContext {
  readonly nowMs: number
  /** '' for the resource itself. */
  readonly subresource: string
  readonly user: {
    readonly name: string
    readonly uid: string
    readonly groups: readonly string[]
    readonly extra: Readonly<Record<string, readonly string[]>>
  }
}

/**
 * A part of the resource's surface. `status` and `scale` are general; one that updates the object
 * itself brings its own preparation and validation; any other is answered by `apiserver/kinds`.
 */
export interface Subresource<S extends StructSchema = StructSchema> {
  /** What its bodies are, when not the object itself. */
  readonly kind?: GroupVersionKind | undefined
  readonly verbs: readonly ('create' | 'get' | 'patch' | 'update' | 'connect')[]
  /** JSON paths of the scale subresource (KEP-571), such as .spec.replicas. */
  readonly scale?: ScalePaths | undefined
  prepareForUpdate?(draft: WholeDraft<S>, old: Whole<S>, context: StrategyContext): void
  validateUpdate?(object: Whole<S>, old: Whole<S>, context: StrategyContext): readonly FieldError[]
}

export interface ScalePaths {
  readonly spec: string
  readonly status: string
  readonly selector?: string | undefined
}

/** A field that field selectors may name, besides metadata.name and metadata.namespace. */
export interface SelectableField<S extends StructSchema = StructSchema> {
  readonly path: string
  value(object: Whole<S>): string
}

/** A column of the server-side table (KEP-515's successor, meta.k8s.io Table). */
export interface Column<S extends StructSchema = StructSchema> {
  readonly name: string
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date'
  readonly format: string
  readonly description: string
  /** 0 always, 1 in wide output. */
  readonly priority: number
  value(object: Whole<S>, context: { readonly nowMs: number }): string | number | boolean | null
}

export interface RowCondition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
}

/** What `resource` is told: everything that has no usual answer, and deviations from the usual. */
export type ResourceDefinition<S extends StructSchema> = Partial<
  Omit<Resource<S>, 'name' | 'namespaced' | 'faces' | 'verbs' | 'subresources' | 'columns'>
> & {
  readonly name: string
  readonly namespaced: boolean
  readonly faces: readonly [Face<S>, ...Face[]]
  readonly verbs?: readonly Verb[]
  /** `status: true` is the status subresource as most kinds have it. */
  readonly subresources?: Readonly<Record<string, true | Subresource<S>>>
  readonly columns?: readonly (Pick<Column<S>, 'name' | 'value'> & Partial<Column<S>>)[]
}

const allVerbs: readonly Verb[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
]

/** Describes a kind, filling in what most kinds have in common. */
export function resource<S extends StructSchema>(definition: ResourceDefinition<S>): Resource<S> {
  const face = definition.faces[0]
  const subresources: Record<string, Subresource<S>> = {}
  for (const [name, given] of Object.entries(definition.subresources ?? {})) {
    subresources[name] = given === true ? { verbs: ['get', 'patch', 'update'] } : given
  }
  return {
    singularName: face.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    storagePath: definition.name,
    history: 'window',
    selectableFields: [],
    generation: Object.hasOwn(subresources, 'status'),
    createOnUpdate: false,
    unconditionalUpdate: true,
    validateName: validateSubdomainName,
    ...definition,
    verbs: new Set(definition.verbs ?? allVerbs),
    subresources,
    columns: (definition.columns ?? []).map((column) => ({
      type: 'string',
      format: '',
      description: '',
      priority: 0,
      ...column,
    })),
  }
}

/** `Foo` → `FooList`. */
export function listKind(face: GroupVersionKind): string {
  return `${face.kind}List`
}

/** Where the resource's objects are stored: /registry/<path>/[<namespace>/]<name>. */
export function storagePrefix(resource: Resource): string {
  return `/registry/${resource.storagePath}/`
}

export function storageKey(resource: Resource, namespace: string, name: string): string {
  const prefix = storagePrefix(resource)
  return resource.namespaced ? `${prefix}${namespace}/${name}` : `${prefix}${name}`
}

/** The face of a group and version, undefined where the resource has none. */
export function faceOf(resource: Resource, { group, version }: GroupVersion): Face | undefined {
  return resource.faces.find((face) => face.group === group && face.version === version)
}

/** A name usable as a DNS subdomain (RFC 1123), as most kinds ask; a prefix may end in a dash. */
function validateSubdomainName(name: string, prefix: boolean): readonly string[] {
  return isDNS1123Subdomain(prefix ? name.replace(/-$/, 'a') : name)
}
