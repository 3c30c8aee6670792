import {
  equalJson,
  field,
  FieldPath,
  isQualifiedName,
  type FieldError,
  type Whole,
} from '#machinery'
import { unchanged } from '../immutable.ts'
import { oneOfValues, requiredText } from '../validation.ts'
import type { StorageClassSchema } from './storage-class.ts'

type StorageClass = Whole<typeof StorageClassSchema>

const parametersPath = FieldPath.root('parameters')
const modePath = FieldPath.root('volumeBindingMode')
const parametersMax = 512
const parametersMaxBytes = 256 * 1024

export function validateStorageClass(storage: StorageClass): readonly FieldError[] {
  const { provisioner, parameters, reclaimPolicy, volumeBindingMode } = storage
  return [
    ...requiredText(FieldPath.root('provisioner'), provisioner, (name) =>
      isQualifiedName(name.toLowerCase()),
    ),
    ...validateParameters(parameters ?? {}),
    ...oneOfValues(FieldPath.root('reclaimPolicy'), reclaimPolicy, ['Delete', 'Retain']),
    ...oneOfValues(modePath, volumeBindingMode, ['Immediate', 'WaitForFirstConsumer'], true),
  ]
}

/** Volumes exist that were made as the class said. */
export function validateStorageClassUpdate(
  storage: StorageClass,
  old: StorageClass,
): readonly FieldError[] {
  const kept = (['parameters', 'provisioner', 'reclaimPolicy'] as const).filter(
    (name) => !equalJson(storage[name] ?? {}, old[name] ?? {}),
  )
  return [
    ...validateStorageClass(storage),
    ...kept.map((name) =>
      field.forbidden(FieldPath.root(name), `updates to ${name} are forbidden.`),
    ),
    ...unchanged(modePath, storage.volumeBindingMode, old.volumeBindingMode),
  ]
}

function validateParameters(parameters: Readonly<Record<string, string>>): readonly FieldError[] {
  const entries = Object.entries(parameters)
  if (entries.length > parametersMax) return [field.tooLong(parametersPath, parametersMax)]
  let bytes = 0
  for (const [key, value] of entries) bytes += Buffer.byteLength(key) + Buffer.byteLength(value)
  return [
    ...(Object.hasOwn(parameters, '')
      ? [field.invalid(parametersPath, '', 'field can not be empty.')]
      : []),
    ...(bytes > parametersMaxBytes ? [field.tooLong(parametersPath, parametersMaxBytes)] : []),
  ]
}
