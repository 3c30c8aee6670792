import { field, FieldPath, type FieldError, type Whole } from '#machinery'
import type { ConfigMapSchema } from './config-map.ts'
import { base64Bytes, dataMaxBytes, validateImmutability, validateKeys } from './data-validation.ts'

type ConfigMap = Whole<typeof ConfigMapSchema>

export function validateConfigMap({ data, binaryData }: ConfigMap): readonly FieldError[] {
  const path = FieldPath.root('data')
  let bytes = 0
  for (const value of Object.values(data ?? {})) bytes += Buffer.byteLength(value)
  for (const value of Object.values(binaryData ?? {})) bytes += base64Bytes(value)
  return [
    ...validateKeys(data, path),
    ...Object.keys(data ?? {})
      .filter((key) => binaryData !== undefined && Object.hasOwn(binaryData, key))
      .map((key) => field.invalid(path.key(key), key, 'duplicate of key present in binaryData')),
    ...validateKeys(binaryData, FieldPath.root('binaryData')),
    ...(bytes > dataMaxBytes ? [field.tooLong(FieldPath.root(''), dataMaxBytes)] : []),
  ]
}

export function validateConfigMapUpdate(map: ConfigMap, old: ConfigMap): readonly FieldError[] {
  return [...validateImmutability(map, old, 'data', 'binaryData'), ...validateConfigMap(map)]
}
