import * as field from '../field-error.ts'
import type { FieldError } from '../field-error.ts'
import { FieldPath } from '../field-path.ts'
import { goJson } from '../json-text.ts'
import { formatGroupVersion } from '../names.ts'
import {
  resource,
  type Column,
  type Face,
  type KubeObject,
  type Resource,
  type SelectableField,
  type Subresource,
} from '../resource.ts'
import { age, ageColumn } from '../table.ts'
import { goText } from './go-text.ts'
import { checkUniqueItems } from './list-uniqueness.ts'
import type { Dictionary } from './own-property.ts'
import { selectPath } from './path-expression.ts'
import type { Json } from './schema.ts'
import { checkChangedKeywords, checkKeywords } from './structural-keywords.ts'
import { preservingDocument, structuralSchema } from './structural.ts'

/** What a CustomResourceDefinition says about its kind: the parts of its spec that matter here. */
export interface DocumentedKind {
  readonly group: string
  readonly names: {
    readonly plural: string
    readonly singular?: string | undefined
    readonly shortNames?: readonly string[] | undefined
    readonly kind: string
    readonly categories?: readonly string[] | undefined
  }
  readonly scope: string
  readonly versions: readonly DocumentedVersion[]
}

export interface DocumentedVersion {
  readonly name: string
  readonly served: boolean
  readonly storage: boolean
  readonly deprecated?: boolean | undefined
  readonly schema?: { readonly openAPIV3Schema?: unknown } | undefined
  readonly subresources?:
    | {
        readonly status?: unknown
        readonly scale?:
          | {
              readonly specReplicasPath: string
              readonly statusReplicasPath: string
              readonly labelSelectorPath?: string | undefined
            }
          | undefined
      }
    | undefined
  readonly additionalPrinterColumns?: readonly DocumentedColumn[] | undefined
  readonly selectableFields?: readonly { readonly jsonPath: string }[] | undefined
}

export interface DocumentedColumn {
  readonly name: string
  readonly type: string
  readonly format?: string | undefined
  readonly description?: string | undefined
  readonly priority?: number | undefined
  readonly jsonPath: string
}

/**
 * A kind from a CustomResourceDefinition, as a resource like any other. Its faces are the served
 * versions, the stored one first (even when it is not served: who serves asks the definition).
 * Subresources, columns and selectable fields are those of the stored version, which versions
 * share nearly always. Objects are validated by the schema of the version they are in.
 */
export function resourceFromDocument(kind: DocumentedKind): Resource {
  const stored = kind.versions.find(({ storage }) => storage)
  const served = kind.versions.filter((version) => version.served && version !== stored)
  const [first, ...others] = (stored === undefined ? served : [stored, ...served]).map((version) =>
    faceOf(kind, version),
  )
  if (first === undefined) throw new Error(`${kind.names.plural}.${kind.group} has no version`)
  const main = stored ?? kind.versions[0]
  const faces: readonly [Face, ...Face[]] = [first, ...others]
  const validateUpdate: Validate = (object, old) => {
    const known = new Set(checkRest(faces, main, old).map(field.formatFieldError))
    return [
      ...checkChangedKeywords(documentOf(faces, object), json(object), json(old)),
      ...checkRest(faces, main, object).filter(
        (error) => !known.has(field.formatFieldError(error)),
      ),
    ]
  }
  return resource({
    name: kind.names.plural,
    singularName: kind.names.singular ?? kind.names.kind.toLowerCase(),
    shortNames: kind.names.shortNames ?? [],
    categories: kind.names.categories ?? [],
    namespaced: kind.scope === 'Namespaced',
    faces,
    storagePath: `${kind.group}/${kind.names.plural}`,
    subresources: subresourcesOf(main, validateUpdate),
    generation: true,
    unconditionalUpdate: false,
    selectableFields: (main?.selectableFields ?? []).map(selectableField),
    columns: columnsOf(main),
    validate: (object) => [
      ...checkKeywords(documentOf(faces, object), json(object)),
      ...checkRest(faces, main, object),
    ],
    validateUpdate,
  })
}

type Validate = (object: KubeObject, old: KubeObject) => readonly FieldError[]

function faceOf({ group, names }: DocumentedKind, version: DocumentedVersion): Face {
  const document = version.schema?.openAPIV3Schema as Dictionary<Json> | undefined
  return {
    group,
    version: version.name,
    kind: names.kind,
    schema: structuralSchema(document ?? preservingDocument),
    deprecated: version.deprecated,
  }
}

function faceOfObject(faces: readonly [Face, ...Face[]], { apiVersion }: KubeObject): Face {
  return faces.find((face) => formatGroupVersion(face) === apiVersion) ?? faces[0]
}

function documentOf(faces: readonly [Face, ...Face[]], object: KubeObject): Dictionary<Json> {
  return faceOfObject(faces, object).schema.structural?.document ?? preservingDocument
}

/** Duplicates in lists, and negative replica counts. */
function checkRest(
  faces: readonly [Face, ...Face[]],
  version: DocumentedVersion | undefined,
  object: KubeObject,
): readonly FieldError[] {
  const { schema } = faceOfObject(faces, object)
  const errors = [...checkUniqueItems(schema, json(object), FieldPath.empty)]
  const scale = version?.subresources?.scale
  for (const path of [scale?.specReplicasPath, scale?.statusReplicasPath]) {
    const [count] = path === undefined ? [] : selectPath(path, json(object))
    if (path === undefined || typeof count !== 'number' || count >= 0) continue
    const detail = 'should be a non-negative integer'
    errors.push(field.invalid(FieldPath.root(path), count, detail))
  }
  return errors
}

function subresourcesOf(
  version: DocumentedVersion | undefined,
  validateUpdate: Validate,
): Readonly<Record<string, Subresource>> {
  const { status, scale } = version?.subresources ?? {}
  return {
    ...(status === undefined || status === null
      ? {}
      : { status: { verbs: ['get', 'patch', 'update'], validateUpdate } }),
    ...(scale === undefined
      ? {}
      : {
          scale: {
            kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
            verbs: ['get', 'patch', 'update'],
            scale: {
              spec: scale.specReplicasPath,
              status: scale.statusReplicasPath,
              selector: scale.labelSelectorPath,
            },
          },
        }),
  }
}

function selectableField({ jsonPath }: { readonly jsonPath: string }): SelectableField {
  return {
    path: jsonPath.replace(/^\./, ''),
    value(object) {
      const [value] = selectPath(jsonPath, json(object))
      if (value === undefined || value === null) return ''
      return typeof value === 'string' ? value : goJson(value)
    },
  }
}

function columnsOf(version: DocumentedVersion | undefined): readonly Column[] {
  const columns = version?.additionalPrinterColumns ?? []
  return [nameColumn, ...(columns.length === 0 ? [ageColumn] : columns.map(column))]
}

const nameColumn: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'The name of the object, unique within its namespace.',
  priority: 0,
  value: ({ metadata }) => metadata.name ?? '',
}

const columnTypes: readonly Column['type'][] = ['string', 'integer', 'number', 'boolean', 'date']

function column({ name, type, format, description, priority, jsonPath }: DocumentedColumn): Column {
  const known = columnTypes.find((candidate) => candidate === type) ?? 'string'
  return {
    name,
    type: known,
    format: format ?? '',
    description:
      description ?? `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    priority: priority ?? 0,
    value(object, { nowMs }) {
      const [value] = selectPath(jsonPath, json(object))
      return value === undefined ? null : cell(known, value, nowMs)
    },
  }
}

/** A value in a column of a type; nothing where it has another one. */
function cell(type: Column['type'], value: Json, nowMs: number): string | number | boolean | null {
  switch (type) {
    case 'string':
      if (value === null) return '<nil>'
      return typeof value === 'object' ? goJson(value) : goText(value)
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null
    case 'number':
      return typeof value === 'number' ? value : null
    case 'boolean':
      return typeof value === 'boolean' ? value : null
    case 'date':
      if (typeof value !== 'string') return null
      return value === '' ? '<unknown>' : age(value, nowMs).replace('<unknown>', '<invalid>')
  }
}

function json(object: KubeObject): Json {
  return object as unknown as Json
}
