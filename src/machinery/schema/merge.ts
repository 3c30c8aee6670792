import { elementOf, isDeduced, isEmpty, itemsByElement, partSchema } from './compare.ts'
import { dictionaryIn, getOwn, isDictionary, setOwn } from './own-property.ts'
import type { Json, ListSchema, Schema } from './schema.ts'

/** The configuration's values over the live ones; structs, granular maps and keyed lists merge. */
export function mergeValues(
  schema: Schema,
  live: Json | undefined,
  applied: Json | undefined,
): Json {
  if (applied === undefined || live === undefined) return applied ?? live ?? null
  if (isEmpty(live) && isEmpty(applied)) return applied
  if (schema.type === 'list') {
    if (schema.listType === 'atomic') return applied
    if (!Array.isArray(live) && !Array.isArray(applied)) return applied
    return mergeItems(schema, listOf(live), listOf(applied))
  }
  const merges =
    schema.type === 'struct' || schema.type === 'map'
      ? schema.mapType !== 'atomic'
      : isDeduced(schema)
  if (!merges || !(isDictionary(live) || isDictionary(applied))) return applied
  if (isDeduced(schema) && !isDictionary(applied)) return applied
  const left = dictionaryIn(live)
  const right = dictionaryIn(applied)
  const draft: Record<string, Json> = {}
  for (const [key, value] of Object.entries(left)) {
    setOwn(draft, key, mergeValues(partSchema(schema, key), value, getOwn(right, key)))
  }
  for (const [key, value] of Object.entries(right)) {
    if (!Object.hasOwn(left, key)) setOwn(draft, key, value)
  }
  return draft
}

/**
 * Items of both in one list: those of the configuration in its order, those only the live object
 * has where they stood among the items it shares with the configuration.
 */
function mergeItems(
  schema: ListSchema,
  live: readonly Json[],
  applied: readonly Json[],
): readonly Json[] {
  const left = live.map((item, at) => [elementOf(schema, item, at), item] as const)
  const right = applied.map((item, at) => [elementOf(schema, item, at), item] as const)
  const liveItems = itemsByElement(schema, live)
  const inApplied = new Set(right.map(([element]) => element))
  const shared = right.map(([element]) => element).filter((element) => liveItems.has(element))
  const merged = new Set<string>()
  const out: Json[] = []
  const takeApplied = ([element, item]: readonly [string, Json]) => {
    const [first, ...more] = liveItems.get(element) ?? []
    // Of items that are there twice none is the one to merge with.
    out.push(mergeValues(schema.items, more.length > 0 ? undefined : first, item))
    merged.add(element)
    if (shared[0] === element) shared.shift()
  }
  let at = 0
  let next = 0
  while (at < left.length || next < right.length) {
    const ours = left[at]
    const theirs = right[next]
    if (ours !== undefined && theirs !== undefined) {
      const [element] = ours
      if (element === theirs[0]) {
        takeApplied(theirs)
        at++
        next++
        continue
      }
      if (inApplied.has(element) && shared[0] !== undefined && shared[0] !== element) {
        at++
        continue
      }
    }
    if (ours !== undefined) {
      if (!inApplied.has(ours[0])) {
        out.push(ours[1])
        at++
        continue
      }
      if (merged.has(ours[0])) at++
    }
    if (theirs !== undefined) {
      takeApplied(theirs)
      next++
    }
  }
  return out
}

function listOf(value: Json): readonly Json[] {
  return Array.isArray(value) ? value : []
}
