import { unreachable, type Clock, type Log, type Random } from '#base'
import { Compactor } from './compactor.ts'
import { openEngine } from './engine.ts'
import type { EtcdEndpoints } from './etcd-connection.ts'
import type { Journal } from './journal.ts'
import * as limits from './limits.ts'
import { MemoryJournal } from './memory-journal.ts'
import type { Store } from './store.ts'

export type OpenStoreOptions = StoreServices &
  (
    | { readonly type: 'memory' }
    /** The directory is made where it is absent, and locked while the store is open. */
    | { readonly type: 'sqlite'; readonly dataDir: string }
    | ({ readonly type: 'etcd' } & EtcdEndpoints)
  )

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
export async function openStore(options: OpenStoreOptions): Promise<Store> {
  switch (options.type) {
    case 'memory':
      return openEmbedded(new MemoryJournal(), limits.historyBytesInMemoryMax, options)
    case 'sqlite': {
      const { SqliteJournal } = await import('./sqlite-journal.ts')
      const journal = new SqliteJournal({ dir: options.dataDir, clock: options.clock })
      return openEmbedded(journal, limits.historyBytesOnDiskMax, options)
    }
    case 'etcd': {
      // gRPC is loaded only by those who use it.
      const { openEtcd } = await import('./etcd-store.ts')
      return openEtcd(options, options)
    }
    default:
      return unreachable(options)
  }
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
