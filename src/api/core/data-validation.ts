import { equalJson, field, FieldPath, isConfigMapKey, type FieldError } from '#machinery'
import { problems } from '../validation.ts'

/** Of the values of a Secret or ConfigMap together. */
export const dataMaxBytes = 1024 * 1024

type Data = Readonly<Record<string, string>>

export function validateKeys(data: Data | undefined, path: FieldPath): readonly FieldError[] {
  return Object.keys(data ?? {}).flatMap((key) => problems(path.key(key), key, isConfigMapKey(key)))
}

/** How many bytes base64 text stands for. */
export function base64Bytes(text: string): number {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  return (text.length / 4) * 3 - padding
}

interface MaybeImmutable {
  readonly immutable?: boolean
}

/** Once immutable, always immutable, and the named fields stay what they are. */
export function validateImmutability<T extends MaybeImmutable>(
  object: T,
  old: T,
  ...names: readonly (keyof T & string)[]
): readonly FieldError[] {
  if (old.immutable !== true) return []
  const why = 'field is immutable when `immutable` is set'
  const errors: FieldError[] = []
  if (object.immutable !== true) errors.push(field.forbidden(FieldPath.root('immutable'), why))
  for (const name of names) {
    if (!equalJson(object[name] ?? {}, old[name] ?? {})) {
      errors.push(field.forbidden(FieldPath.root(name), why))
    }
  }
  return errors
}
