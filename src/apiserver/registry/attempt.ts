import { must } from '#base'
import {
  encodeCanonical,
  errors,
  formatGroupVersion,
  storageKey,
  type EncodedObject,
  type KubeObject,
  type ObjectDraft,
  type Resource,
} from '#machinery'
import { StoreError, type Compare, type KeyValue, type Op, type TxnResult } from '#store'
import { storageFace, type CacheEntry } from '../cache/entry.ts'
import type { Alongside, AlongsideWrite } from '../kinds/kind-hooks.ts'
import { strategyContext, type Call } from './call.ts'

/** An object ready to be stored. */
export interface Prepared {
  /** In the storage version, canonical, without resourceVersion. */
  readonly object: KubeObject
  readonly encoded: EncodedObject
}

/** The draft of a request's face in the storage version. The draft is used up. */
export function toStorage(call: Call, draft: ObjectDraft): ObjectDraft {
  const { face, resource } = call
  const stored = storageFace(resource)
  if (face === stored) return draft
  draft.apiVersion = formatGroupVersion(stored)
  draft.kind = stored.kind
  return face.toStorage?.(draft) ?? draft
}

export function prepare(resource: Resource, object: KubeObject): Prepared {
  return encodeCanonical(storageFace(resource), object)
}

/** What the kind stores together with the object. It may complete the draft, so ask before encoding. */
export async function decideAlongside(
  call: Call,
  write: Pick<AlongsideWrite, 'operation' | 'draft' | 'old' | 'dryRun'>,
): Promise<Alongside> {
  const hooks = call.registry.hooksOf(call.resource)
  if (hooks?.alongside === undefined) return nothingAlongside
  return hooks.alongside({ ...write, context: strategyContext(call) })
}

const nothingAlongside: Alongside = { compare: [], ops: [] }

/**
 * Stores an object with what its kind writes alongside, if the object's key still stands as it did
 * when it was decided (`current`), and returns the entry that the cache now shows. A refusal
 * returns what stands there instead.
 */
export async function commit(
  call: Call,
  key: string,
  current: CacheEntry | undefined,
  op:
    | { readonly type: 'put'; readonly prepared: Prepared; readonly alongside?: Alongside }
    | { readonly type: 'delete' },
): Promise<TxnResult> {
  const { registry, resource } = call
  const hooks = registry.hooksOf(resource)
  const compare: Compare[] = [{ key, modRevision: current?.modRevision ?? 0 }]
  const ops: Op[] = []
  if (op.type === 'delete') ops.push({ type: 'delete', key })
  else {
    const { object, encoded } = op.prepared
    const ttlSeconds = hooks?.ttlSeconds?.(object)
    const lease = ttlSeconds === undefined ? undefined : await registry.leases.grant(ttlSeconds)
    registry.cache.expect(encoded.bytes, { resource, encoded, object })
    ops.push({ type: 'put', key, value: encoded.bytes, lease })
  }
  const alongside =
    op.type === 'delete'
      ? await decideAlongside(call, {
          operation: 'DELETE',
          draft: undefined,
          old: current?.object,
          dryRun: false,
        })
      : (op.alongside ?? nothingAlongside)
  compare.push(...alongside.compare)
  ops.push(...alongside.ops)
  try {
    const result = await registry.store.txn({ compare, ops })
    await registry.cache.reached(result.revision)
    return result
  } catch (error) {
    throw storeFailure(error)
  }
}

/** What a client is told when the store cannot take a write. */
export function storeFailure(error: unknown): unknown {
  if (!(error instanceof StoreError)) return error
  switch (error.reason) {
    case 'NoSpace':
      return errors.serviceUnavailable(`the store is full: ${error.message}`, 10)
    case 'Unavailable':
      return errors.serviceUnavailable(`the store is not available: ${error.message}`, 1)
    case 'Invalid':
      return errors.requestEntityTooLarge(error.message)
    default:
      return errors.internalError(error)
  }
}

/** The state that a commit of ours made, whatever has happened to the object since. */
export function committed(
  call: Call,
  key: string,
  prepared: Prepared,
  current: CacheEntry | undefined,
  { revision }: TxnResult,
): CacheEntry {
  const { cache } = call.registry
  const shown = cache.cache(call.resource).getByKey(key)
  if (shown?.modRevision === revision) return shown
  const written = cache.entryOf(call.resource, {
    key,
    value: prepared.encoded.bytes,
    createRevision: current?.createRevision ?? revision,
    modRevision: revision,
    version: 0,
    lease: undefined,
  })
  return must(written, 'what was just written can be read')
}

/** What stood at the object's key when a transaction was refused. */
export function standing(call: Call, key: string, result: TxnResult): CacheEntry | undefined {
  const record: KeyValue | undefined = result.current[0]
  if (record === undefined) return undefined
  const cached = call.registry.cache.cache(call.resource).getByKey(key)
  // Meanwhile the cache may know of a newer state, and only the newest can be replaced.
  if (cached !== undefined && cached.modRevision >= record.modRevision) return cached
  return call.registry.cache.entryOf(call.resource, record)
}

export function keyOf(call: Call, name: string): string {
  return storageKey(call.resource, call.info.namespace, name)
}
