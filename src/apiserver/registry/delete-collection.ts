import { formatGroupVersion, hasReason, listKind } from '#machinery'
import type { CacheEntry } from '../cache/entry.ts'
import { select } from '../cache/resource-cache.ts'
import type { Answer, Served } from '../request.ts'
import { readBody } from './body.ts'
import { cacheOf, type Call } from './call.ts'
import { readDeleteOptions, removeObject } from './delete.ts'
import { readFilter } from './list-options.ts'
import { tableColumns } from '../cache/table-columns.ts'

/** How many of a collection are deleted at once: their commits share a sync. */
const deletesAtOnce = 64

/** DELETE of a collection: each object goes through its own deletion; the answer lists them. */
export async function removeCollection(call: Call): Promise<Answer> {
  const { registry, resource, info, request } = call
  const options = readDeleteOptions(call, await readBody(call))
  const filter = readFilter(resource, info, request.query)
  const revision = await registry.cache.fresh()
  const entries = [...select(cacheOf(call).snapshot(), resource, filter)]
  for (let at = 0; at < entries.length; at += deletesAtOnce) {
    request.signal.throwIfAborted()
    await Promise.all(
      entries.slice(at, at + deletesAtOnce).map(async (entry) => {
        try {
          await removeObject(callFor(call, entry), options)
        } catch (error) {
          // Gone already is what was asked for.
          if (!hasReason(error, 'NotFound')) throw error
        }
      }),
    )
  }
  return {
    type: 'list',
    apiVersion: formatGroupVersion(call.face),
    kind: listKind(call.face),
    columns: tableColumns(resource),
    resourceVersion: String(revision),
    continue: '',
    remainingItemCount: undefined,
    itemSchema: call.face.schema,
    items: served(call, entries),
  }
}

function callFor(call: Call, { namespace, name }: CacheEntry): Call {
  return { ...call, info: { ...call.info, namespace, name } }
}

function* served(call: Call, entries: readonly CacheEntry[]): Generator<Served, undefined> {
  for (const entry of entries) yield entry.served(call.face)
}
