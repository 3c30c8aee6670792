import { errors, type KubeObject, type ObjectDraft, type Resource } from '#machinery'
import type { CacheEntry } from '../cache/entry.ts'
import { limits } from '../limits.ts'
import { commit, committed, keyOf, prepare, standing } from '../registry/attempt.ts'
import { cacheOf, groupResource, type Call } from '../registry/call.ts'
import { modified } from '../registry/update.ts'

/** The call as one of another object, of its main resource. */
export function callOf(call: Call, resource: Resource, namespace: string, name: string): Call {
  const info = { ...call.info, namespace, name, resource: resource.name, subresource: '' }
  return { ...call, resource, face: resource.faces[0], info }
}

/**
 * Changes the object a call names, past its strategy, admission and managedFields: for the effects
 * that upstream, too, writes below its registry (bindings, disruption budgets). `apply` gets what
 * stands, anew for each attempt; it refuses by throwing and leaves things as they are by returning
 * undefined.
 */
export async function rewrite(
  call: Call,
  apply: (current: KubeObject) => ObjectDraft | undefined,
): Promise<CacheEntry> {
  const key = keyOf(call, call.info.name)
  await call.registry.cache.fresh()
  let current = cacheOf(call).getByKey(key)
  for (let attempt = 1; attempt <= limits.writeAttemptsMax; attempt++) {
    if (current === undefined) throw errors.notFound(groupResource(call), call.info.name)
    const draft = apply(current.object)
    if (draft === undefined) return current
    const prepared = prepare(call.resource, draft)
    const result = await commit(call, key, current, { type: 'put', prepared })
    if (result.succeeded) return committed(call, key, prepared, current, result)
    current = standing(call, key, result)
  }
  throw modified(call)
}
