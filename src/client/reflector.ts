import { asError, Backoff, Slice, type Clock, type Log, type Random } from '#base'
import { StatusError, type KubeObject } from '#machinery'
import { pageSize, watchTimeoutMinSeconds } from './limits.ts'
import type { List } from './client.ts'
import type { ListOptions, WatchOptions } from './options.ts'
import type { Watch, WatchEvent } from './watch.ts'

/** The calls a reflector makes; a ResourceClient fits. */
export interface Reflected<T> {
  list(options: ListOptions): Promise<List<T>>
  watch(options: WatchOptions): Watch<T>
}

/** Who is kept up to date. All calls are made one after another. */
export interface ReflectorTarget<T> {
  /** Everything there is, of one state of the cluster; whatever else was known is gone. */
  replace(objects: readonly T[], breathe: () => Promise<void>): Promise<void>
  /** The object as it is now. */
  set(object: T): void
  /** The last state of an object that is gone. */
  delete(object: T): void
}

export interface ReflectorOptions<T> {
  readonly source: Reflected<T>
  readonly target: ReflectorTarget<T>
  readonly select: { readonly fieldSelector?: string; readonly labelSelector?: string }
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** client-go's, for lists that fail and watches that break. */
const backoffOptions = { initialMs: 800, maxMs: 30_000, resetMs: 120_000, jitter: 1 }
/** A stream that ends sooner without having brought anything counts as broken. */
const shortStreamMs = 1_000

/**
 * Keeps a target up to date with what the API server has: lists, then watches from there. A stream
 * that ends is resumed from the last version seen; only a version the server no longer has (410)
 * needs another list. What fails is tried again for ever, later each time.
 *
 * Rejects when the signal fires, with its reason, and never else.
 */
export async function reflect<T extends KubeObject>(
  options: ReflectorOptions<T>,
  signal: AbortSignal,
): Promise<never> {
  const { clock, random, log } = options
  const backoff = new Backoff(clock, random, backoffOptions)
  let version: string | undefined
  for (;;) {
    const startedAt = clock.elapsed()
    let events = 0
    let error: Error | undefined
    try {
      version ??= await relist(options, signal)
      await follow(options, version, signal, (reached) => {
        version = reached
        events++
      })
    } catch (caught) {
      error = asError(caught)
    }
    signal.throwIfAborted()
    if (error !== undefined) {
      log.warn(version === undefined ? 'a list failed' : 'a watch broke', { error: error.message })
      if (needsList(error)) version = undefined
    }
    const wasUseful = events > 0 || clock.elapsed() - startedAt >= shortStreamMs
    if (error === undefined && wasUseful) backoff.reset()
    else await clock.sleep(backoff.next(), signal)
  }
}

/** Whether the server does not know the version that was to be resumed from. */
function needsList(error: Error): boolean {
  if (!(error instanceof StatusError)) return false
  if (error.code === 410 || error.code === 400) return true
  // The server stands before the version: its data were restored from a backup.
  const causes = error.status.details?.causes ?? []
  return causes.some(({ reason }) => reason === 'ResourceVersionTooLarge')
}

/** The version of the list, of which the target now has everything. */
async function relist<T extends KubeObject>(
  { source, target, select, clock }: ReflectorOptions<T>,
  signal: AbortSignal,
): Promise<string> {
  const slice = new Slice(clock)
  const objects: T[] = []
  let version = ''
  let next: string | undefined
  do {
    const token = next === undefined ? {} : { continue: next }
    const page: List<T> = await source.list({ ...select, limit: pageSize, ...token, signal })
    for (const item of page.items) objects.push(typed(item, page))
    version = page.metadata.resourceVersion
    next = page.metadata.continue === '' ? undefined : page.metadata.continue
    await slice.breathe()
  } while (next !== undefined)
  await target.replace(objects, () => slice.breathe())
  return version
}

/** In a list of a typed kind only the list says what its items are. */
function typed<T extends KubeObject>(item: T, list: List<T>): T {
  if (item.kind !== undefined && item.kind !== '') return item
  const { apiVersion, kind } = list
  return Object.freeze({ ...item, apiVersion, kind: kind.replace(/List$/, '') })
}

/**
 * Applies a stream's events, and tells how far it came after each lot of them. Resolves where the
 * stream ends cleanly.
 */
async function follow<T extends KubeObject>(
  { source, target, select, clock, random }: ReflectorOptions<T>,
  resourceVersion: string,
  signal: AbortSignal,
  reached: (version: string) => void,
): Promise<void> {
  // Spread, so that the streams of many clients do not all end at once.
  const timeoutSeconds = Math.floor(watchTimeoutMinSeconds * (1 + random.fraction()))
  await using stream = source.watch({
    ...select,
    resourceVersion,
    allowWatchBookmarks: true,
    timeoutSeconds,
    signal,
  })
  for await (const first of stream) {
    const slice = new Slice(clock)
    for (let event: WatchEvent<T> | undefined = first; event !== undefined; event = stream.take()) {
      apply(event, target)
      reached(event.object.metadata.resourceVersion ?? resourceVersion)
      if (slice.spent) await slice.breathe()
    }
  }
}

function apply<T>(event: WatchEvent<T>, target: ReflectorTarget<T>): void {
  switch (event.type) {
    case 'ADDED':
    case 'MODIFIED':
      target.set(event.object)
      break
    case 'DELETED':
      target.delete(event.object)
      break
    case 'BOOKMARK':
      break
  }
}
