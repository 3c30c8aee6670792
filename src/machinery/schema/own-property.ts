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

export function isDictionary<T>(value: T): value is T & Dictionary<T> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
