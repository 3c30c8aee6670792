import { join } from 'node:path'
import { realClock, realRandom, silentLog } from '#base'
import { openStore } from '#store'
import { startEtcd } from '../src/store/testing/etcd-process.ts'
import type { CreateResult, LoadJob, ReadResult, WatchResult } from './child/load.ts'
import { serviceAccount } from './objects.ts'
import { runChild, startControlPlane, temporaryDirectory } from './processes.ts'
import { median, type BenchRow } from './row.ts'
import { putsPerSecond } from './store.ts'

const load = <T>(job: LoadJob) => runChild<T>('load', job)

/** From the start of `bin/k8ts server` to a 200 of /readyz, on a new and on a used data directory. */
export async function benchStart(): Promise<readonly BenchRow[]> {
  using dir = temporaryDirectory()
  const [first, later]: [number[], number[]] = [[], []]
  // The very first start also fills the compile cache, which a user's second command has.
  for (let round = 0; round < 4; round++) {
    const dataDir = join(dir.path, String(round))
    for (const times of [first, later]) {
      await using server = await startControlPlane(dataDir)
      if (round > 0) times.push(server.readyMs)
    }
  }
  return [
    within('control plane to /readyz, first start', median(first), 'ms', 1_000),
    within('control plane to /readyz, later start', median(later), 'ms', 600),
  ]
}

/** What a server costs that nobody uses. */
export async function benchIdle(): Promise<readonly BenchRow[]> {
  using dir = temporaryDirectory()
  await using server = await startControlPlane(join(dir.path, 'data'))
  await realClock.sleep(20_000)
  const before = server.cpuSeconds()
  const started = realClock.elapsed()
  await realClock.sleep(10_000)
  const percent = ((server.cpuSeconds() - before) * 100_000) / (realClock.elapsed() - started)
  return [
    within('idle control plane after 20 s, VmRSS', server.memory().rssMib, 'MiB', 150),
    within('idle control plane, CPU of one core', percent, '%', 1),
  ]
}

/** Durable creates beside durable puts of etcd, taking turns on one file system. */
export async function benchCreates(): Promise<readonly BenchRow[]> {
  using dir = temporaryDirectory()
  const services = { clock: realClock, random: realRandom, log: silentLog }
  const etcd = await startEtcd(dir.path)
  try {
    await using peer = await openStore({ type: 'etcd', endpoints: [etcd.endpoint], ...services })
    await using server = await startControlPlane(join(dir.path, 'data'), 'api-only')
    const { endpoint } = server
    await server.send(serviceAccount)
    const creates = async (kind: 'ConfigMap' | 'Pod', connections: number, forMs = 2_000) =>
      await load<CreateResult>({ type: 'create', endpoint, kind, clients: 32, connections, forMs })
    await putsPerSecond(peer, 32, 500)
    await creates('ConfigMap', 1)
    await creates('Pod', 1)
    const [puts, maps, pods]: [number[], number[], number[]] = [[], [], []]
    const [mapCpu, podCpu]: [number[], number[]] = [[], []]
    const measured = async (kind: 'ConfigMap' | 'Pod', rates: number[], cpu: number[]) => {
      const before = server.cpuSeconds()
      const { count, perSecond } = await creates(kind, 1)
      rates.push(perSecond)
      cpu.push(((server.cpuSeconds() - before) * 1e6) / count)
    }
    for (let round = 0; round < 3; round++) {
      puts.push(await putsPerSecond(peer, 32, 1_500))
      await measured('ConfigMap', maps, mapCpu)
      await measured('Pod', pods, podCpu)
    }
    const apart = await creates('ConfigMap', 32)
    const alone = await load<CreateResult>({
      type: 'create',
      endpoint,
      kind: 'ConfigMap',
      clients: 1,
      connections: 1,
      forMs: 1_500,
    })
    const row = (name: string, value: number, least?: number): BenchRow => ({
      name,
      value,
      unit: 'a s',
      peer: median(puts),
      ratio: value / median(puts),
      ...(least === undefined
        ? {}
        : { budget: `>= ${least} x etcd's puts`, met: value / median(puts) >= least }),
    })
    return [
      row('HTTPS creates of ConfigMaps of 1 KB, 32 clients', median(maps), 1),
      { name: '  server CPU each, all threads', value: median(mapCpu), unit: 'us' },
      row('HTTPS creates of pods, 32 clients', median(pods), 0.6),
      { name: '  server CPU each, all threads', value: median(podCpu), unit: 'us' },
      row('  ConfigMaps, each client a connection', apart.perSecond),
      { name: '  ConfigMaps, 1 client, median delay', value: alone.p50Ms, unit: 'ms' },
    ]
  } finally {
    await etcd.stop()
  }
}

/** Lists of 10,000 pods: bytes out, memory while it lasts, a Table. */
export async function benchList(): Promise<readonly BenchRow[]> {
  using dir = temporaryDirectory()
  const dataDir = join(dir.path, 'data')
  await runChild('fill', { dataDir, pods: 10_000 })
  await using server = await startControlPlane(dataDir, 'api-only')
  const { endpoint } = server
  const read = (accept: string, times: number) =>
    load<ReadResult>({ type: 'read', endpoint, path: '/api/v1/pods', accept, times })
  await read('application/json', 4)
  server.resetPeak()
  const { rssMib } = server.memory()
  const cpu = server.cpuSeconds()
  const { bytes, msEach } = await read('application/json', 10)
  const cpuEach = (server.cpuSeconds() - cpu) / 10
  const { peakMib } = server.memory()
  const table = await read('application/json;as=Table;v=v1;g=meta.k8s.io', 4)
  const seconds = median(msEach) / 1_000
  return [
    {
      name: `LIST of 10,000 pods (${(bytes / 1e6).toFixed(0)} MB), out of one core`,
      value: bytes / 1e6 / cpuEach,
      unit: 'MB/s',
      budget: '>= 400 MB/s',
      met: bytes / 1e6 / cpuEach >= 400,
    },
    { name: '  the same by the wall clock', value: bytes / 1e6 / seconds, unit: 'MB/s' },
    within('  growth of memory at the peak', peakMib - rssMib, 'MiB', 16),
    within('Table of 10,000 pods', median(table.msEach) / 1_000, 's', 0.5),
  ]
}

/** The delay from the begin of a write to its event at a watcher, while 100 watch. */
export async function benchWatchDelay(): Promise<readonly BenchRow[]> {
  using dir = temporaryDirectory()
  await using server = await startControlPlane(join(dir.path, 'data'), 'api-only')
  const { endpoint } = server
  const watch = (watchers: number, bytes: number) =>
    load<WatchResult>({
      type: 'watch',
      endpoint,
      watchers,
      connections: 4,
      writesPerSecond: 1_000,
      bytes,
      forMs: 5_000,
    })
  await watch(1, 1_024)
  const rows: BenchRow[] = []
  for (const [watchers, bytes, budget] of [
    [100, 4_096, true],
    [20, 4_096, false],
  ] as const) {
    const { writesPerSecond, eventsPerSecond, p50Ms, p99Ms } = await watch(watchers, bytes)
    const what = `${watchers} HTTPS watchers, ${Math.round(writesPerSecond)} writes/s of 4 KB`
    rows.push(
      { name: `${what}: events`, value: eventsPerSecond, unit: 'events/s' },
      { name: '  median delay from write to event', value: p50Ms, unit: 'ms' },
      budget
        ? within('  p99 of the delay', p99Ms, 'ms', 50)
        : { name: '  p99 of the delay', value: p99Ms, unit: 'ms' },
    )
  }
  return rows
}

export function within(name: string, value: number, unit: string, most: number): BenchRow {
  return {
    name,
    value,
    unit,
    budget: `< ${most.toLocaleString('en-US')} ${unit}`,
    met: value < most,
  }
}
