import type { Clock, Log, Random } from '#base'
import { Compactor } from './compactor.ts'
import { openEngine } from './engine.ts'
import type { Journal } from './journal.ts'
import * as limits from './limits.ts'
import { MemoryJournal } from './memory-journal.ts'
import type { Store } from './store.ts'

export type OpenStoreOptions = StoreServices & { readonly type: 'memory' }

export interface StoreServices {
  readonly clock: Clock
  readonly log: Log
  readonly random: Random
  /** Key prefixes whose history is kept for minutes instead of a day; not on etcd. */
  readonly shortHistory?: readonly string[] | undefined
  /** The store failed for good: it refuses everything from now on, the process should end. */
  readonly onFatal?: ((error: Error) => void) | undefined
}

/** Opens a store; dispose of it to close. Fails with reason `Unusable` where it cannot be served. */
export function openStore(options: OpenStoreOptions): Promise<Store> {
  return openEmbedded(new MemoryJournal(), limits.historyBytesInMemoryMax, options)
}

async function openEmbedded(
  journal: Journal,
  historyBytesMax: number,
  services: StoreServices,
): Promise<Store> {
  const engine = await openEngine(journal, services)
  const policy = { short: services.shortHistory ?? [], bytesMax: historyBytesMax }
  engine.adopt(new Compactor(engine, policy, services))
  return engine
}
