import { join } from 'node:path'
import { realClock, realRandom, silentLog } from '#base'
import { openStore, type Store } from '#store'
import { startEtcd } from '../src/store/testing/etcd-process.ts'
import { temporaryDirectory } from './processes.ts'
import { median, type BenchRow } from './row.ts'

const services = { clock: realClock, random: realRandom, log: silentLog }
const valueBytes = 1_024
const rounds = 3

/**
 * Durable puts of 1 KB per second with 1, 32 and 128 clients: the embedded store on SQLite beside a
 * real etcd on the same file system, taking turns; the median of three rounds each.
 */
export async function benchStore(roundMs = 1_500): Promise<readonly BenchRow[]> {
  using dir = temporaryDirectory()
  const etcd = await startEtcd(dir.path)
  try {
    await using embedded = await openStore({
      type: 'sqlite',
      dataDir: join(dir.path, 'embedded'),
      ...services,
    })
    await using peer = await openStore({ type: 'etcd', endpoints: [etcd.endpoint], ...services })
    await putsPerSecond(embedded, 32, 200)
    await putsPerSecond(peer, 32, 200)
    const rows: BenchRow[] = []
    for (const clients of [1, 32, 128]) {
      const ours: number[] = []
      const theirs: number[] = []
      for (let round = 0; round < rounds; round++) {
        ours.push(await putsPerSecond(embedded, clients, roundMs))
        theirs.push(await putsPerSecond(peer, clients, roundMs))
      }
      const [value, peerValue] = [median(ours), median(theirs)]
      rows.push({
        name: `store: durable puts of 1 KB, ${clients} ${clients === 1 ? 'client' : 'clients'}`,
        value,
        unit: 'puts/s',
        peer: peerValue,
        ratio: value / peerValue,
        budget: '>= 3 x etcd',
        met: value / peerValue >= 3,
      })
    }
    return rows
  } finally {
    await etcd.stop()
  }
}

/** Durable puts with so many clients, which share one connection where there is one. */
export async function putsPerSecond(store: Store, clients: number, forMs: number): Promise<number> {
  const started = realClock.elapsed()
  let puts = 0
  const client = async (index: number) => {
    for (let i = 0; realClock.elapsed() - started < forMs; i++) {
      const value = new Uint8Array(valueBytes).fill(i)
      const key = `/registry/configmaps/bench/${index}-${i % 500}`
      await store.txn({ compare: [], ops: [{ type: 'put', key, value }] })
      puts++
    }
  }
  await Promise.all(Array.from({ length: clients }, (_, index) => client(index)))
  return (puts * 1_000) / (realClock.elapsed() - started)
}
