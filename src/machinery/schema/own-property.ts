import type { Json } from './schema.ts'

/** An object whose keys its users choose. */
export type Dictionary<T> = Readonly<Record<string, T>>

/**
 * The own property of an object with user-chosen keys, never one of its prototype's, whatever the
 * key: `__proto__`, `constructor`, `10`.
 */
export function getOwn<T>(object: Dictionary<T>, key: string): T | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

/** Writes an own property, whatever the key. */
export function setOwn<T>(object: Record<string, T>, key: string, value: NoInfer<T>): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    })
  } else {
    object[key] = value
  }
}

/** An object that is no array. */
export function isDictionary(value: Json | undefined): value is Dictionary<Json>
export function isDictionary(value: unknown): value is Dictionary<unknown>
export function isDictionary(value: unknown): value is Dictionary<unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A value as an object; anything else is an empty one. */
export function dictionaryIn(value: Json | undefined): Dictionary<Json> {
  return isDictionary(value) ? value : {}
}
