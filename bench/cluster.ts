import { Deployment } from '#api'
import { realClock } from '#base'
import { startCluster } from '#cluster'
import { median, type BenchRow } from './row.ts'

const starts = 9
const startBudgetMs = 30
const deployments = 100
const replicas = 30
const limitMs = 60_000

/** Whole clusters in this process: how long a test waits for one. */
export async function benchStartCluster(): Promise<readonly BenchRow[]> {
  const times: number[] = []
  for (let at = 0; at <= starts; at++) {
    const began = realClock.elapsed()
    const cluster = await startCluster()
    times.push(realClock.elapsed() - began)
    await cluster[Symbol.asyncDispose]()
  }
  const [first = 0, ...later] = times
  const usual = median(later)
  return [
    { name: 'startCluster: first in a process', value: first, unit: 'ms' },
    {
      name: 'startCluster: second and later',
      value: usual,
      unit: 'ms',
      budget: `< ${startBudgetMs} ms`,
      met: usual < startBudgetMs,
    },
  ]
}

/** From the first create of 100 Deployments to the last of their 3,000 pods available. */
export async function benchDeployments(): Promise<readonly BenchRow[]> {
  await using cluster = await startCluster({ simulatedNodes: 100 })
  const client = cluster.client.resource(Deployment).namespace('default')
  const began = realClock.elapsed()
  await Promise.all(
    Array.from({ length: deployments }, (_, at) => client.create(deployment(`web-${at}`))),
  )
  let available = 0
  while (available < deployments * replicas) {
    if (realClock.elapsed() - began > limitMs) {
      throw new Error(`only ${available} of ${deployments * replicas} pods became available`)
    }
    await realClock.sleep(50)
    const { items } = await client.list()
    available = items.reduce((sum, { status }) => sum + (status.availableReplicas ?? 0), 0)
  }
  const seconds = (realClock.elapsed() - began) / 1000
  return [
    { name: '3,000 pods of 100 deployments, simulated nodes', value: seconds, unit: 's' },
    {
      name: '3,000 pods: created, scheduled, run, available',
      value: available / seconds,
      unit: 'pods/s',
    },
  ]
}

function deployment(name: string) {
  const labels = { app: name }
  return {
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: 'web', image: 'web' }] },
      },
    },
  }
}
