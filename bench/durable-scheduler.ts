import { join } from 'node:path'
import { poll, realClock } from '#base'
import type { BindResult } from './child/load.ts'
import { runChild, startControlPlane, temporaryDirectory, type ControlPlane } from './processes.ts'
import { median, type BenchRow } from './row.ts'

const nodes = 5_000
const pods = 5_000
const rounds = 3
const clients = 32
const budget = 1_500
const registeredMs = 120_000
const settleMs = 5_000

/**
 * The whole way, durable: pods created over HTTPS, bound by the scheduler to one of 5,000 simulated
 * nodes, each step on disk, as a watch over HTTPS shows it.
 */
export async function benchSchedulerDurable(): Promise<readonly BenchRow[]> {
  using dir = temporaryDirectory()
  const flags = [`--simulated-nodes=${nodes}`]
  await using server = await startControlPlane(join(dir.path, 'data'), 'all', flags)
  await untilRegistered(server)
  const [rates, cpu]: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round++) {
    const before = server.cpuSeconds()
    const { endpoint } = server
    const job = { type: 'bind', endpoint, pods, clients }
    const { ms } = await runChild<BindResult>('load', job, 120_000)
    rates.push((pods * 1_000) / ms)
    cpu.push(((server.cpuSeconds() - before) * 1e6) / pods)
  }
  const value = median(rates)
  return [
    {
      name: 'scheduler: create to bound, HTTPS, durable, 5,000 nodes',
      value,
      unit: 'pods/s',
      budget: '>= 1,500 pods/s',
      met: value >= budget,
    },
    { name: '  server CPU each, all threads', value: median(cpu), unit: 'us' },
  ]
}

async function untilRegistered(server: ControlPlane): Promise<void> {
  const what = `${nodes} simulated nodes`
  await poll({ clock: realClock, intervalMs: 250, timeoutMs: registeredMs, what }, async () => {
    const list = (await server.send({ method: 'GET', path: '/api/v1/nodes?limit=1' })) as {
      metadata: { remainingItemCount?: number }
    }
    return list.metadata.remainingItemCount === nodes - 1
  })
  await realClock.sleep(settleMs)
}
