import { errors } from '#machinery'
import type { CacheEntry } from '../cache/entry.ts'
import type { ObjectAnswer } from '../request.ts'
import { cacheOf, groupResource, type Call } from './call.ts'
import { readRevision } from './list-options.ts'

/** GET of one object: the newest, unless the request is content with an older one. */
export async function get(call: Call): Promise<ObjectAnswer> {
  const { registry, info, request } = call
  const revision = readRevision(request.query.get('resourceVersion'))
  if (revision === undefined) await registry.cache.fresh()
  else await registry.cache.reached(revision)
  const entry = cacheOf(call).get(info.namespace, info.name)
  if (entry === undefined) throw errors.notFound(groupResource(call), info.name)
  return serve(call, entry)
}

export function serve(call: Call, entry: CacheEntry, code: 200 | 201 = 200): ObjectAnswer {
  return { type: 'object', code, served: entry.served(call.face) }
}
