import {
  forbidden,
  invalid,
  notSupported,
  required,
  tooLong,
  type FieldError,
} from './field-error.ts'
import { FieldPath } from './field-path.ts'
import { formatGroupVersionKind, parseGroupVersion } from './names.ts'
import {
  isDNS1123Label,
  isQualifiedName,
  isValidLabelValue,
  type ValidateName,
} from './names-validation.ts'
import type { ManagedFieldsEntry, ObjectMeta, OwnerReference } from './object-meta.ts'
import { quote } from './quote.ts'

export interface ObjectMetaRules {
  readonly namespaced: boolean
  readonly validateName: ValidateName
}

/** Of an object's annotations together, keys and values. */
export const annotationsMaxBytes = 256 * 1024
export const fieldManagerMaxLength = 128
const subresourceNameMaxLength = 256

export const fieldImmutable = 'field is immutable'

const metadata = FieldPath.root('metadata')

/** The metadata of a new object, after its name has been generated. */
export function validateObjectMeta(
  meta: ObjectMeta,
  rules: ObjectMetaRules,
  path: FieldPath = metadata,
): FieldError[] {
  return [
    ...validateNames(meta, rules, path),
    ...validateNamespace(meta.namespace ?? '', rules.namespaced, path.child('namespace')),
    ...validateNonNegative(meta.generation ?? 0, path.child('generation')),
    ...validateLabels(meta.labels, path.child('labels')),
    ...validateAnnotations(meta.annotations, path.child('annotations')),
    ...validateOwnerReferences(meta.ownerReferences, path.child('ownerReferences')),
    ...validateFinalizers(meta.finalizers, path.child('finalizers')),
    ...validateManagedFields(meta.managedFields, path.child('managedFields')),
  ]
}

/** What a write may not change in metadata, and what it changed to. */
export function validateObjectMetaUpdate(
  meta: ObjectMeta,
  old: ObjectMeta,
  path: FieldPath = metadata,
): FieldError[] {
  const errors: FieldError[] = []
  if (old.deletionTimestamp !== undefined) {
    errors.push(...validateNoNewFinalizers(meta, old, path.child('finalizers')))
  }
  if ((meta.resourceVersion ?? '') === '') {
    errors.push(invalid(path.child('resourceVersion'), '', 'must be specified for an update'))
  }
  if ((meta.generation ?? 0) < (old.generation ?? 0)) {
    const value = meta.generation ?? 0
    errors.push(invalid(path.child('generation'), value, 'must not be decremented'))
  }
  for (const name of ['name', 'namespace', 'uid'] as const) {
    errors.push(...validateImmutable(meta[name] ?? '', old[name] ?? '', path.child(name)))
  }
  for (const name of immutableTimes) {
    errors.push(...validateImmutable(meta[name], old[name], path.child(name)))
  }
  return [
    ...errors,
    ...validateLabels(meta.labels, path.child('labels')),
    ...validateAnnotations(meta.annotations, path.child('annotations')),
    ...validateOwnerReferences(meta.ownerReferences, path.child('ownerReferences')),
    ...validateManagedFields(meta.managedFields, path.child('managedFields')),
  ]
}

const immutableTimes = [
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const

export function validateLabels(
  labels: Readonly<Record<string, string>> | undefined,
  path: FieldPath,
): FieldError[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...validateLabelName(key, path),
    ...isValidLabelValue(value).map((problem) => invalid(path, value, problem)),
  ])
}

export function validateLabelName(name: string, path: FieldPath): FieldError[] {
  return isQualifiedName(name).map((problem) => invalid(path, name, problem))
}

/** Keys may be in upper case, too; the size of all together is limited. */
export function validateAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  path: FieldPath,
): FieldError[] {
  const entries = Object.entries(annotations ?? {})
  const errors = entries.flatMap(([key]) =>
    isQualifiedName(key.toLowerCase()).map((problem) => invalid(path, key, problem)),
  )
  let bytes = 0
  for (const [key, value] of entries) bytes += Buffer.byteLength(key) + Buffer.byteLength(value)
  return bytes > annotationsMaxBytes ? [...errors, tooLong(path, annotationsMaxBytes)] : errors
}

export function validateOwnerReferences(
  references: readonly OwnerReference[] | undefined,
  path: FieldPath,
): FieldError[] {
  const errors: FieldError[] = []
  let controller = ''
  for (const reference of references ?? []) {
    errors.push(...validateOwnerReference(reference, path))
    if (reference.controller !== true) continue
    const name = `${reference.kind}/${reference.name}`
    if (controller === '') {
      controller = name
      continue
    }
    const why = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`
    errors.push(invalid(path, references, why))
  }
  return errors
}

function validateOwnerReference(reference: OwnerReference, path: FieldPath): FieldError[] {
  const { apiVersion, kind, name, uid } = reference
  const { group, version } = parseGroupVersion(apiVersion) ?? { group: '', version: '' }
  const errors: FieldError[] = []
  if (version === '') {
    errors.push(invalid(path.child('apiVersion'), apiVersion, 'version must not be empty'))
  }
  for (const [field, value] of Object.entries({ kind, name, uid })) {
    if (value === '') errors.push(invalid(path.child(field), value, 'must not be empty'))
  }
  // An Event is short-lived and refers to objects itself; owning them would delete them.
  if (group === '' && version === 'v1' && kind === 'Event') {
    const what = formatGroupVersionKind({ group, version, kind })
    errors.push(invalid(path, reference, `${what} is disallowed from being an owner`))
  }
  return errors
}

export const finalizerOrphanDependents = 'orphan'
export const finalizerDeleteDependents = 'foregroundDeletion'

export function validateFinalizers(
  finalizers: readonly string[] | undefined,
  path: FieldPath,
): FieldError[] {
  const all = finalizers ?? []
  const errors = all.flatMap((name) => validateFinalizerName(name, path))
  if (all.includes(finalizerOrphanDependents) && all.includes(finalizerDeleteDependents)) {
    const why = `finalizer ${finalizerOrphanDependents} and ${finalizerDeleteDependents} cannot be both set`
    errors.push(invalid(path, all, why))
  }
  return errors
}

export function validateFinalizerName(name: string, path: FieldPath): FieldError[] {
  return isQualifiedName(name).map((problem) => invalid(path, name, problem))
}

export function validateManagedFields(
  entries: readonly ManagedFieldsEntry[] | undefined,
  path: FieldPath,
): FieldError[] {
  return (entries ?? []).flatMap((entry, i) => validateManagedFieldsEntry(entry, path.index(i)))
}

function validateManagedFieldsEntry(entry: ManagedFieldsEntry, path: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  // The types know only the valid values, but here is where they are checked.
  const operation: string = entry.operation ?? ''
  if (operation !== 'Apply' && operation !== 'Update') {
    errors.push(invalid(path.child('operation'), operation, 'must be `Apply` or `Update`'))
  }
  const fieldsType = entry.fieldsType ?? ''
  if (fieldsType !== '' && fieldsType !== 'FieldsV1') {
    errors.push(invalid(path.child('fieldsType'), fieldsType, 'must be `FieldsV1`'))
  }
  errors.push(...validateFieldManager(entry.manager ?? '', path.child('manager')))
  if (Buffer.byteLength(entry.subresource ?? '') > subresourceNameMaxLength) {
    errors.push(tooLong(path.child('subresource'), subresourceNameMaxLength))
  }
  return errors
}

/** The name of a field manager: printable and not too long; the empty one counts as absent. */
export function validateFieldManager(manager: string, path: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  if (Buffer.byteLength(manager) > fieldManagerMaxLength) {
    errors.push(tooLong(path, fieldManagerMaxLength))
  }
  let position = 0
  for (const char of manager) {
    if (!/^[ \p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(char)) {
      const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
      const why = `invalid character U+${code} (at position ${position})`
      errors.push(invalid(path, manager, why))
    }
    position += Buffer.byteLength(char)
  }
  return errors
}

/** The query parameter and option `dryRun`. */
export function validateDryRun(dryRun: readonly string[], path: FieldPath): FieldError[] {
  return dryRun.every((value) => value === 'All') ? [] : [notSupported(path, dryRun, ['All'])]
}

/** The query parameter `fieldValidation`. */
export function validateFieldValidation(value: string, path: FieldPath): FieldError[] {
  const valid = ['', 'Ignore', 'Strict', 'Warn']
  return valid.includes(value) ? [] : [notSupported(path, value, valid)]
}

export function validateNonNegative(value: number | bigint, path: FieldPath): FieldError[] {
  return value >= 0 ? [] : [invalid(path, value, 'must be greater than or equal to 0')]
}

/** For values compared by identity: texts, numbers, absence. */
export function validateImmutable(value: unknown, old: unknown, path: FieldPath): FieldError[] {
  return value === old ? [] : [invalid(path, value, fieldImmutable)]
}

function validateNames(meta: ObjectMeta, rules: ObjectMetaRules, path: FieldPath): FieldError[] {
  const { generateName = '', name = '' } = meta
  const prefixProblems = generateName === '' ? [] : rules.validateName(generateName, true)
  const errors = prefixProblems.map((problem) =>
    invalid(path.child('generateName'), generateName, problem),
  )
  if (name === '') {
    return [...errors, required(path.child('name'), 'name or generateName is required')]
  }
  const problems = rules.validateName(name, false)
  return [...errors, ...problems.map((problem) => invalid(path.child('name'), name, problem))]
}

function validateNamespace(namespace: string, namespaced: boolean, path: FieldPath): FieldError[] {
  if (!namespaced) return namespace === '' ? [] : [forbidden(path, 'not allowed on this type')]
  if (namespace === '') return [required(path)]
  return isDNS1123Label(namespace).map((problem) => invalid(path, namespace, problem))
}

function validateNoNewFinalizers(meta: ObjectMeta, old: ObjectMeta, path: FieldPath): FieldError[] {
  const known = new Set(old.finalizers)
  const added = [...new Set(meta.finalizers)].filter((name) => !known.has(name)).sort()
  if (added.length === 0) return []
  const shown = `[]string{${added.map(quote).join(', ')}}`
  const why = `no new finalizers can be added if the object is being deleted, found new finalizers ${shown}`
  return [forbidden(path, why)]
}
