import {
  equalJson,
  field,
  isDNS1123Subdomain,
  mutable,
  parseQuantity,
  type FieldError,
  type FieldPath,
  type Whole,
} from '#machinery'
import { unchanged } from '../immutable.ts'
import { each, oneOfValues, optionalText, specPath } from '../validation.ts'
import { validateNodeSelector } from './affinity-validation.ts'
import { PersistentVolumeSpec, type VolumeNodeAffinity } from './persistent-volume-spec.ts'
import type { PersistentVolumeSchema } from './persistent-volume.ts'
import type { ResourceList } from './resource-list.ts'

type PersistentVolume = Whole<typeof PersistentVolumeSchema>

const policyPath = specPath.child('persistentVolumeReclaimPolicy')

export function validatePersistentVolume({ spec }: PersistentVolume): readonly FieldError[] {
  return [
    ...validateAccessModes(spec.accessModes, specPath.child('accessModes')),
    ...validateCapacity(spec.capacity ?? {}, specPath.child('capacity')),
    ...oneOfValues(policyPath, spec.persistentVolumeReclaimPolicy, ['Delete', 'Recycle', 'Retain']),
    ...validateNodeAffinity(spec.nodeAffinity),
    ...validateSource(spec),
    ...optionalText(specPath.child('storageClassName'), spec.storageClassName, isDNS1123Subdomain),
    ...oneOfValues(specPath.child('volumeMode'), spec.volumeMode, ['Block', 'Filesystem']),
  ]
}

/** What a volume is does not change; who claims it, and what becomes of it, does. */
export function validatePersistentVolumeUpdate(
  volume: PersistentVolume,
  old: PersistentVolume,
): readonly FieldError[] {
  const errors = [...validatePersistentVolume(volume)]
  const kept = sourceOf(withoutNewSecrets(volume.spec, old.spec))
  if (!equalJson(kept, sourceOf(old.spec))) {
    const why = 'spec.persistentvolumesource is immutable after creation'
    errors.push(field.forbidden(specPath.child('persistentvolumesource'), why))
  }
  errors.push(
    ...unchanged(specPath.child('volumeMode'), volume.spec.volumeMode, old.spec.volumeMode),
  )
  if (old.spec.nodeAffinity === undefined) return errors
  const path = specPath.child('nodeAffinity')
  return [...errors, ...unchanged(path, volume.spec.nodeAffinity, old.spec.nodeAffinity)]
}

/** Secrets for expanding a volume can be named later, once. */
function withoutNewSecrets(
  spec: PersistentVolumeSpec,
  old: PersistentVolumeSpec,
): PersistentVolumeSpec {
  if (spec.csi === undefined) return spec
  const csi = mutable(spec.csi)
  for (const name of ['controllerExpandSecretRef', 'nodeExpandSecretRef'] as const) {
    if (old.csi?.[name] === undefined) delete csi[name]
  }
  return { ...spec, csi }
}

function validateNodeAffinity(affinity: VolumeNodeAffinity | undefined): readonly FieldError[] {
  if (affinity === undefined) return []
  const path = specPath.child('nodeAffinity', 'required')
  if (affinity.required !== undefined) return validateNodeSelector(affinity.required, path)
  return [field.required(path, 'must specify required node constraints')]
}

const modes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod']

function validateAccessModes(
  accessModes: readonly string[] | undefined,
  path: FieldPath,
): readonly FieldError[] {
  const all = accessModes ?? []
  if (all.length === 0) return [field.required(path)]
  const errors = each(path, all, (mode) => oneOfValues(path, mode, modes))
  if (!all.includes('ReadWriteOncePod') || new Set(all).size === 1) return errors
  return [...errors, field.forbidden(path, 'may not use ReadWriteOncePod with other access modes')]
}

function validateCapacity(capacity: ResourceList, path: FieldPath): readonly FieldError[] {
  const names = Object.keys(capacity)
  const errors: FieldError[] = []
  if (names.length === 0) errors.push(field.required(path))
  if (names.length !== 1 || names[0] !== 'storage') {
    errors.push(field.notSupported(path, capacity, ['storage']))
  }
  for (const [name, amount] of Object.entries(capacity)) {
    if (parseQuantity(amount).sign > 0) continue
    errors.push(field.invalid(path.key(name), amount, 'must be greater than zero'))
  }
  return errors
}

/** The kinds of volumes, which JSON has among the other fields. */
const sources: readonly string[] = Object.entries(PersistentVolumeSpec.fields)
  .filter(([, { spec }]) => spec.protoInline > 0)
  .map(([name]) => name)

function sourceOf(spec: PersistentVolumeSpec): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(spec).filter(([name]) => sources.includes(name)))
}

function validateSource(spec: PersistentVolumeSpec): readonly FieldError[] {
  const [first, ...more] = Object.keys(sourceOf(spec))
  if (first === undefined) return [field.required(specPath, 'must specify a volume type')]
  const errors = more.map((name) =>
    field.forbidden(specPath.child(name), 'may not specify more than 1 volume type'),
  )
  if (isRoot(spec.hostPath?.path) && spec.persistentVolumeReclaimPolicy === 'Recycle') {
    errors.push(field.forbidden(policyPath, "may not be 'recycle' for a hostPath mount of '/'"))
  }
  return [...errors, ...validateHostPath(spec), ...validateDriver(spec)]
}

function isRoot(path: string | undefined): boolean {
  return path !== undefined && /^[/.]*$/.test(path) && path.startsWith('/')
}

function validateHostPath({ hostPath, local, nodeAffinity }: PersistentVolumeSpec) {
  const errors: FieldError[] = []
  const paths = [
    ['hostPath', hostPath?.path],
    ['local', local?.path],
  ] as const
  for (const [name, text] of paths) {
    const at = specPath.child(name, 'path')
    if (text === '') errors.push(field.required(at))
    if (text?.split('/').includes('..') === true) {
      errors.push(field.invalid(at, text, "must not contain '..'"))
    }
  }
  if (local !== undefined && nodeAffinity === undefined) {
    const why = 'Local volume requires node affinity'
    errors.push(field.required(specPath.child('nodeAffinity'), why))
  }
  return errors
}

function validateDriver({ csi, nfs }: PersistentVolumeSpec): readonly FieldError[] {
  const missing = (name: string, part: string, value: string | undefined) =>
    value === '' ? [field.required(specPath.child(name, part))] : []
  return [
    ...missing('csi', 'driver', csi?.driver),
    ...missing('csi', 'volumeHandle', csi?.volumeHandle),
    ...missing('nfs', 'server', nfs?.server),
    ...missing('nfs', 'path', nfs?.path),
    ...(nfs !== undefined && nfs.path !== '' && !nfs.path.startsWith('/')
      ? [field.invalid(specPath.child('nfs', 'path'), nfs.path, 'must be an absolute path')]
      : []),
  ]
}
