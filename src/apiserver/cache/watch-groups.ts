import type { CacheEvent } from './event.ts'
import type { CacheEntry } from './entry.ts'
import { fieldValue, matches, type Filter } from './filter.ts'

/** A change as a filter sees it: an object that leaves the filter looks deleted. */
export interface FilteredEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  /** The state to show: for DELETED the last one that was in the filter. */
  readonly entry: CacheEntry
  /** What its resourceVersion says: the revision of the change, also for DELETED. */
  readonly revision: number
}

/** Takes the changes of one turn, in order. Watchers of one filter get the same array. */
export type Deliver = (events: readonly FilteredEvent[]) => void

/**
 * The watchers of one resource, grouped by filter: each event is matched once per filter, and what
 * one tick brings is delivered to all watchers of a filter as one array, so that whoever turns it
 * into bytes can do it once. Groups that demand one value of a field are found by that value.
 */
export class WatchGroups {
  readonly #groups = new Map<string, Group>()
  /** Groups that demand an exact value, by `field=value`; the others are in `#anywhere`. */
  readonly #byValue = new Map<string, Set<Group>>()
  readonly #anywhere = new Set<Group>()
  /** How many groups demand a value of each field. */
  readonly #fields = new Map<string, number>()
  readonly #pending = new Set<Group>()

  add(filter: Filter, deliver: Deliver): () => void {
    const key = filterKey(filter)
    let group = this.#groups.get(key)
    // A group that has events waiting was there before this watcher's start: they are not its.
    if (group !== undefined && group.pending.length > 0) this.#deliver(group)
    if (group === undefined) {
      group = { key, filter, demand: demandOf(filter), watchers: new Set(), pending: [] }
      this.#groups.set(key, group)
      this.#index(group)
    }
    const { watchers } = group
    // Each call is a watcher of its own, also for the same function.
    const watcher = { deliver }
    watchers.add(watcher)
    return () => {
      watchers.delete(watcher)
      if (watchers.size === 0 && this.#groups.get(key) === group) this.#remove(group)
    }
  }

  apply(event: CacheEvent): void {
    if (this.#groups.size === 0) return
    for (const group of this.#anywhere) this.#offer(group, event)
    if (this.#fields.size === 0) return
    for (const field of this.#fields.keys()) {
      const now = event.entry === undefined ? undefined : fieldValue(event.entry, field)
      const before = event.previous === undefined ? undefined : fieldValue(event.previous, field)
      if (now !== undefined) this.#offerAll(`${field}=${now}`, event)
      if (before !== undefined && before !== now) this.#offerAll(`${field}=${before}`, event)
    }
  }

  #offerAll(demand: string, event: CacheEvent): void {
    const groups = this.#byValue.get(demand)
    if (groups !== undefined) for (const group of groups) this.#offer(group, event)
  }

  #offer(group: Group, event: CacheEvent): void {
    const seen = filtered(group.filter, event)
    if (seen === undefined) return
    group.pending.push(seen)
    if (this.#pending.size === 0) queueMicrotask(() => this.#flush())
    this.#pending.add(group)
  }

  #flush(): void {
    const groups = [...this.#pending]
    this.#pending.clear()
    for (const group of groups) this.#deliver(group)
  }

  #deliver(group: Group): void {
    if (group.pending.length === 0) return
    const events = group.pending
    group.pending = []
    for (const watcher of group.watchers) watcher.deliver(events)
  }

  #index(group: Group): void {
    const { demand } = group
    if (demand === undefined) {
      this.#anywhere.add(group)
      return
    }
    const key = `${demand.field}=${demand.value}`
    const groups = this.#byValue.get(key) ?? new Set()
    groups.add(group)
    this.#byValue.set(key, groups)
    this.#fields.set(demand.field, (this.#fields.get(demand.field) ?? 0) + 1)
  }

  #remove(group: Group): void {
    this.#groups.delete(group.key)
    this.#anywhere.delete(group)
    const { demand } = group
    if (demand === undefined) return
    const key = `${demand.field}=${demand.value}`
    const groups = this.#byValue.get(key)
    groups?.delete(group)
    if (groups?.size === 0) this.#byValue.delete(key)
    const left = (this.#fields.get(demand.field) ?? 1) - 1
    if (left === 0) this.#fields.delete(demand.field)
    else this.#fields.set(demand.field, left)
  }
}

interface Group {
  readonly key: string
  readonly filter: Filter
  readonly demand: Demand | undefined
  readonly watchers: Set<{ readonly deliver: Deliver }>
  pending: FilteredEvent[]
}

/** One field that must have one value for anything to match. */
interface Demand {
  readonly field: string
  readonly value: string
}

/** What a filter sees of a change, if anything. */
export function filtered(filter: Filter, event: CacheEvent): FilteredEvent | undefined {
  const { entry, previous, revision } = event
  const now = entry !== undefined && matches(filter, entry)
  const before = previous !== undefined && matches(filter, previous)
  if (now) return { type: before ? 'MODIFIED' : 'ADDED', entry, revision }
  if (before) return { type: 'DELETED', entry: previous, revision }
  return undefined
}

function filterKey(filter: Filter): string {
  return JSON.stringify([filter.namespace, filter.labels?.toString(), filter.fields?.toString()])
}

function demandOf(filter: Filter): Demand | undefined {
  const exact = filter.fields?.requirements.filter(({ operator }) => operator === '=') ?? []
  const named = exact.find(({ field }) => field === 'metadata.name') ?? exact[0]
  if (named !== undefined) return { field: named.field, value: named.value }
  return filter.namespace === ''
    ? undefined
    : { field: 'metadata.namespace', value: filter.namespace }
}
