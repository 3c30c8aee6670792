import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { realClock, realRandom, silentLog } from '#base'
import { openStore, type Store } from '#store'
import { startEtcd } from '../src/store/testing/etcd-process.ts'

export interface BenchRow {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** The same measured on the peer, in the same run. */
  readonly peer?: number
  readonly ratio?: number
  readonly budget: string
}

const services = { clock: realClock, random: realRandom, log: silentLog }
const valueBytes = 1_024
const rounds = 3

/**
 * Durable puts of 1 KB per second with 1, 32 and 128 clients: the embedded store on SQLite beside a
 * real etcd on the same file system, taking turns; the median of three rounds each.
 */
export async function benchStore(roundMs = 1_500): Promise<readonly BenchRow[]> {
  const dir = mkdtempSync(join(tmpdir(), 'k8ts-bench-'))
  const etcd = await startEtcd(dir)
  try {
    await using embedded = await openStore({
      type: 'sqlite',
      dataDir: join(dir, 'embedded'),
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
      })
    }
    return rows
  } finally {
    await etcd.stop()
    rmSync(dir, { recursive: true, force: true })
  }
}

async function putsPerSecond(store: Store, clients: number, forMs: number): Promise<number> {
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

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
