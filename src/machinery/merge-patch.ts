import { equalJson, getOwn, mutable, setOwn } from './mutable.ts'

/**
 * The document after a merge patch (RFC 7386): fields of the patch replace those of the document,
 * objects merge, null removes, lists and other values are taken as they are. Neither argument
 * changes, and the result shares nothing with them.
 */
export function mergePatch(document: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return mutable(patch)
  const result: Record<string, unknown> = {}
  const before = isRecord(document) ? document : {}
  for (const key of Object.keys(before)) {
    if (!Object.hasOwn(patch, key)) setOwn(result, key, mutable(before[key]))
    else if (patch[key] !== null) setOwn(result, key, mergePatch(before[key], patch[key]))
  }
  for (const key of Object.keys(patch)) {
    if (Object.hasOwn(before, key) || patch[key] === null) continue
    setOwn(result, key, mergePatch(undefined, patch[key]))
  }
  return result
}

/**
 * The smallest merge patch that leads from one value to the other. Nulls in `to` cannot be
 * expressed: they mean removal.
 */
export function createMergePatch(from: unknown, to: unknown): unknown {
  if (!isRecord(from) || !isRecord(to)) return mutable(to)
  const patch: Record<string, unknown> = {}
  for (const key of Object.keys(from)) {
    if (!Object.hasOwn(to, key)) setOwn(patch, key, null)
  }
  for (const key of Object.keys(to)) {
    const before = getOwn(from, key)
    if (!equalJson(before, to[key])) setOwn(patch, key, createMergePatch(before, to[key]))
  }
  return patch
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
