import { errors, type KubeObject } from '#machinery'
import { servedUnstored, type CacheEntry } from '../cache/entry.ts'
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

/** An object in its stored form that is not stored (a dry run, one that has just gone). */
export function serveUnstored(call: Call, object: KubeObject, code: 200 | 201 = 200): ObjectAnswer {
  const served = servedUnstored(call.resource, call.face, object)
  return { type: 'object', code, served }
}
