import type { Revision } from '#store'
import type { CacheEntry } from './entry.ts'

/** One change of one object, as the watch cache passes it on. */
export interface CacheEvent {
  readonly revision: Revision
  /** The state after; undefined when deleted. */
  readonly entry: CacheEntry | undefined
  /** The state before; undefined when created. */
  readonly previous: CacheEntry | undefined
}
