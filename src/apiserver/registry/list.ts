import { OrderedMap } from '#base'
import { formatGroupVersion, listKind, StatusError, storagePrefix } from '#machinery'
import { prefixEnd, StoreError, type Revision } from '#store'
import type { CacheEntry } from '../cache/entry.ts'
import { keyRange, select } from '../cache/resource-cache.ts'
import { limits } from '../limits.ts'
import type { ListAnswer, Served } from '../request.ts'
import { cacheOf, type Call } from './call.ts'
import { writeToken, type ContinueToken } from './continue-token.ts'
import { readListOptions, type ListOptions } from './list-options.ts'
import { tableColumns } from '../cache/table-columns.ts'

/** What a list is made from: the objects of a resource at one revision. */
interface Source {
  readonly revision: Revision
  readonly snapshot: OrderedMap<CacheEntry>
  /** The key to start at, undefined for the beginning. */
  readonly start: string | undefined
}

export async function list(call: Call): Promise<ListAnswer> {
  const { resource, registry } = call
  const options = readListOptions(resource, call.info, call.request.query)
  const source = await sourceOf(call, options)
  const { revision } = source
  const entries = select(source.snapshot, resource, options.filter, source.start)
  if (options.limit === undefined) return answer(call, revision, served(call, entries))

  const page: CacheEntry[] = []
  let next: CacheEntry | undefined
  for (const entry of entries) {
    if (page.length === options.limit) {
      next = entry
      break
    }
    page.push(entry)
  }
  if (next === undefined) return answer(call, revision, served(call, page))
  registry.pinned.pin(resource, revision, source.snapshot)
  const token = writeToken({
    revision,
    start: next.key.slice(storagePrefix(resource).length),
    issued: options.continue?.issued ?? registry.clock.now(),
  })
  const { filter } = options
  const unselected = filter.labels === undefined && filter.fields === undefined
  const remaining = unselected
    ? source.snapshot.count(next.key, keyRange(resource, filter.namespace).end)
    : undefined
  return answer(call, revision, served(call, page), token, remaining)
}

async function sourceOf(call: Call, options: ListOptions): Promise<Source> {
  const { cache, clock } = call.registry
  const token = options.continue
  if (token !== undefined) {
    const start = `${storagePrefix(call.resource)}${token.start}`
    if (token.revision === -1) {
      return { ...(await newest(call)), start }
    }
    if (clock.now() - token.issued > limits.continueTokenMs) throw tokenExpired(token)
    const snapshot = await at(call, token.revision).catch((error: unknown) => {
      throw isCompacted(error) ? tokenExpired(token) : error
    })
    return { revision: token.revision, snapshot, start }
  }
  const { revision, match } = options
  if (revision === undefined) return newest(call)
  if (match === 'Exact') {
    await cache.reached(revision)
    const snapshot = await at(call, revision).catch((error: unknown) => {
      throw isCompacted(error) ? versionExpired(revision) : error
    })
    return { revision, snapshot, start: undefined }
  }
  await cache.reached(revision)
  return { revision: cache.revision, snapshot: cacheOf(call).snapshot(), start: undefined }
}

async function newest(call: Call): Promise<Source> {
  const revision = await call.registry.cache.fresh()
  return { revision, snapshot: cacheOf(call).snapshot(), start: undefined }
}

/** The resource as it was: from a pinned list, from the present if that is it, or from history. */
async function at(call: Call, revision: Revision): Promise<OrderedMap<CacheEntry>> {
  const { registry, resource } = call
  const pinned = registry.pinned.find(resource, revision)
  if (pinned !== undefined) return pinned
  if (registry.cache.revision === revision) return cacheOf(call).snapshot()
  const start = storagePrefix(resource)
  const { records } = await registry.store.range({ start, end: prefixEnd(start), revision })
  const editor = OrderedMap.empty<CacheEntry>().edit()
  for (const record of records) {
    const entry = registry.cache.entryOf(resource, record)
    if (entry !== undefined) editor.set(entry.key, entry)
  }
  return editor.snapshot()
}

function answer(
  call: Call,
  revision: Revision,
  items: Iterable<Served>,
  token = '',
  remainingItemCount?: number,
): ListAnswer {
  return {
    type: 'list',
    apiVersion: formatGroupVersion(call.face),
    kind: listKind(call.face),
    columns: tableColumns(call.resource),
    resourceVersion: String(revision),
    continue: token,
    remainingItemCount,
    itemSchema: call.face.schema,
    items,
  }
}

function* served(call: Call, entries: Iterable<CacheEntry>): Generator<Served, undefined> {
  for (const entry of entries) yield entry.served(call.face)
}

function isCompacted(error: unknown): boolean {
  return error instanceof StoreError && error.reason === 'Compacted'
}

/** 410 with a token that goes on at the present state, as upstream offers. */
function tokenExpired(token: ContinueToken): StatusError {
  return expired(
    'the continue token is too old for a consistent list: start again without it, or go on with the ' +
      'token of this answer and accept that changes made since the first page may be seen or missed',
    writeToken({ ...token, revision: -1 }),
  )
}

function versionExpired(revision: Revision): StatusError {
  return expired(`The resourceVersion for the provided list is too old: ${revision}`)
}

function expired(message: string, token?: string): StatusError {
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: token === undefined ? {} : { continue: token },
    status: 'Failure',
    message,
    reason: 'Expired',
    code: 410,
  })
}
