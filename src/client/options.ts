/** What list and watch have in common (meta/v1 ListOptions). */
export interface SelectOptions {
  /** Such as app=web,tier!=cache. */
  readonly labelSelector?: string | undefined
  /** Such as spec.nodeName=node-1. */
  readonly fieldSelector?: string | undefined
  readonly resourceVersion?: string | undefined
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan' | undefined
  readonly signal?: AbortSignal | undefined
}

export interface ListOptions extends SelectOptions {
  /** Items of one page; all where undefined. */
  readonly limit?: number | undefined
  readonly continue?: string | undefined
}

export interface WatchOptions extends SelectOptions {
  readonly allowWatchBookmarks?: boolean | undefined
  /** The present state comes first, as ADDED events and a bookmark. */
  readonly sendInitialEvents?: boolean | undefined
  /** The server ends the stream after this long. */
  readonly timeoutSeconds?: number | undefined
}

export interface WriteOptions {
  readonly dryRun?: boolean | undefined
  readonly fieldManager?: string | undefined
  readonly fieldValidation?: 'Ignore' | 'Strict' | 'Warn' | undefined
  readonly signal?: AbortSignal | undefined
}

export interface PatchOptions extends WriteOptions {
  /** Of an apply: take fields over from their other managers. */
  readonly force?: boolean | undefined
}

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number | undefined
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan' | undefined
  readonly preconditions?:
    | { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined }
    | undefined
  readonly dryRun?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

export type Patch =
  /** RFC 6902. */
  | { readonly type: 'json'; readonly operations: readonly JsonPatchOperation[] }
  /** RFC 7386. */
  | { readonly type: 'merge'; readonly patch: unknown }
  | { readonly type: 'strategic'; readonly patch: unknown }
  /** Server-side apply (KEP-555); needs a fieldManager. */
  | { readonly type: 'apply'; readonly object: unknown }

export interface JsonPatchOperation {
  readonly op: 'add' | 'copy' | 'move' | 'remove' | 'replace' | 'test'
  readonly path: string
  readonly from?: string
  readonly value?: unknown
}

type Query = Record<string, string>

export function selectQuery(options: SelectOptions): Query {
  const { labelSelector, fieldSelector, resourceVersion, resourceVersionMatch } = options
  return defined({ labelSelector, fieldSelector, resourceVersion, resourceVersionMatch })
}

export function listQuery(options: ListOptions): Query {
  const { limit, continue: token } = options
  return { ...selectQuery(options), ...defined({ limit, continue: token }) }
}

export function watchQuery(options: WatchOptions): Query {
  const { allowWatchBookmarks, sendInitialEvents, timeoutSeconds } = options
  return {
    watch: 'true',
    ...selectQuery(options),
    ...defined({ allowWatchBookmarks, sendInitialEvents, timeoutSeconds }),
  }
}

export function writeQuery(options: PatchOptions): Query {
  const { dryRun, fieldManager, fieldValidation, force } = options
  const all = dryRun === true ? 'All' : undefined
  return defined({ dryRun: all, fieldManager, fieldValidation, force })
}

/** meta/v1 DeleteOptions. */
export function deleteBody(options: DeleteOptions): unknown {
  const { gracePeriodSeconds, propagationPolicy, preconditions, dryRun } = options
  return {
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    gracePeriodSeconds,
    propagationPolicy,
    preconditions,
    dryRun: dryRun === true ? ['All'] : undefined,
  }
}

export function patchBody(patch: Patch): { contentType: string; body: unknown } {
  switch (patch.type) {
    case 'json':
      return { contentType: 'application/json-patch+json', body: patch.operations }
    case 'merge':
      return { contentType: 'application/merge-patch+json', body: patch.patch }
    case 'strategic':
      return { contentType: 'application/strategic-merge-patch+json', body: patch.patch }
    case 'apply':
      // YAML is a superset of JSON; upstream has no media type of its own for JSON here.
      return { contentType: 'application/apply-patch+yaml', body: patch.object }
  }
}

function defined(values: Readonly<Record<string, string | number | boolean | undefined>>): Query {
  const query: Query = {}
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) query[name] = String(value)
  }
  return query
}
