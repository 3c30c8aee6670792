import type { Mutable } from './schema/types.ts'

/**
 * A copy that may be changed, all the way down, of a JSON value such as an API object. The only way
 * to change an object that came from a cache: those are frozen.
 */
export function mutable<T>(value: T): Mutable<T> {
  return copy(value) as Mutable<T>
}

/** Freezes a JSON value all the way down, once: what is frozen already is not descended into. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const item of Object.values(value)) deepFreeze(item)
  }
  return value
}

/**
 * Whether two JSON values are the same: the order of keys does not matter, a field that is
 * undefined counts as absent, and an exact integer equals the number of the same amount.
 */
export function equalJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    return equalNumbers(a, b)
  }
  if (Array.isArray(a)) return Array.isArray(b) && equalLists(a, b)
  return !Array.isArray(b) && equalRecords(a as JsonRecord, b as JsonRecord)
}

/**
 * Sets an own field, whatever its name: assigning to `__proto__` would change the prototype
 * instead of making a field.
 */
export function setOwn<T>(record: Record<string, T>, key: string, value: T): void {
  if (key !== '__proto__') {
    record[key] = value
    return
  }
  Object.defineProperty(record, key, {
    value,
    configurable: true,
    enumerable: true,
    writable: true,
  })
}

/** An own field, or undefined: inherited names such as `constructor` are no fields. */
export function getOwn<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined
}

type JsonRecord = Readonly<Record<string, unknown>>

function copy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    const items: unknown[] = []
    for (const item of value) items.push(typeof item === 'object' ? copy(item) : item)
    return items
  }
  const record: Record<string, unknown> = {}
  // Object.keys and not for-in: only own fields belong to the value.
  for (const key of Object.keys(value)) {
    const item = (value as JsonRecord)[key]
    setOwn(record, key, typeof item === 'object' ? copy(item) : item)
  }
  return record
}

function equalNumbers(a: unknown, b: unknown): boolean {
  if (typeof a === 'bigint' && typeof b === 'number') return Number.isInteger(b) && a === BigInt(b)
  if (typeof a === 'number' && typeof b === 'bigint') return equalNumbers(b, a)
  return false
}

function equalLists(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) {
    if (!equalJson(a[i], b[i])) return false
  }
  return true
}

function equalRecords(a: JsonRecord, b: JsonRecord): boolean {
  let present = 0
  for (const key of Object.keys(a)) {
    const value = a[key]
    if (value === undefined) continue
    present++
    if (!equalJson(value, getOwn(b, key))) return false
  }
  for (const key of Object.keys(b)) {
    if (b[key] !== undefined) present--
  }
  return present === 0
}
