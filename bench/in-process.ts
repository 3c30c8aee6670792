import { join } from 'node:path'
import { realClock } from '#base'
import { within } from './api.ts'
import type { FanOutResult } from './child/fan-out.ts'
import type { KindsResult } from './child/kinds.ts'
import type { LoadObjectsResult } from './child/load-objects.ts'
import { runChild, startControlPlane, temporaryDirectory } from './processes.ts'
import { median, type BenchRow } from './row.ts'

/** An API server in process, in a fresh process. */
export async function benchInProcess(): Promise<readonly BenchRow[]> {
  const [first = 0, second = 0, ...later] = await runChild<number[]>('start', {})
  return [
    { name: 'in-process API server, first in a process', value: first, unit: 'ms' },
    within('  second', second, 'ms', 30),
    within('  later, median', median(later), 'ms', 30),
  ]
}

export async function benchFanOut(): Promise<readonly BenchRow[]> {
  const { eventsPerSecond, bytesPerSecond } = await runChild<FanOutResult>('fan-out', {})
  return [
    {
      name: 'watch fan-out, 100 watchers of 4 KB events, without sockets',
      value: eventsPerSecond,
      unit: 'events/s',
      budget: '>= 150,000 events/s',
      met: eventsPerSecond >= 150_000,
    },
    { name: '  bytes handed to transports', value: bytesPerSecond / 1e6, unit: 'MB/s' },
  ]
}

/** A start on 50,000 pods: how long, how the event loop fares, what memory it takes. */
export async function benchManyPods(): Promise<readonly BenchRow[]> {
  using dir = temporaryDirectory()
  const dataDir = join(dir.path, 'data')
  await runChild('fill', { dataDir, pods: 50_000 }, 120_000)
  const { totalMs, longestStallMs } = await runChild<LoadObjectsResult>('load-objects', { dataDir })
  const afterStart = async (parts: 'all' | 'api-only') => {
    await using server = await startControlPlane(dataDir, parts)
    await realClock.sleep(5_000)
    return server.memory()
  }
  const { rssMib, peakMib } = await afterStart('api-only')
  const all = await afterStart('all')
  return [
    { name: 'start with 50,000 pods', value: totalMs / 1_000, unit: 's' },
    { name: '  longest stall of the event loop', value: longestStallMs, unit: 'ms' },
    { name: 'API server with 50,000 pods, VmRSS', value: rssMib, unit: 'MiB' },
    { name: '  at the peak of the start', value: peakMib, unit: 'MiB' },
    { name: 'control plane with 50,000 pods, VmRSS', value: all.rssMib, unit: 'MiB' },
  ]
}

export async function benchKinds(): Promise<readonly BenchRow[]> {
  const { bytesEach, documentBytes, msEach } = await runChild<KindsResult>('kinds', {})
  return [
    within('one more kind, unused: memory', bytesEach / 1e3, 'KB', 2 * (documentBytes / 1e3) + 50),
    { name: '  time to add', value: msEach, unit: 'ms' },
  ]
}
