import { join } from 'node:path'
import { realClock } from '#base'
import { loadUp } from '#cluster'
import { within } from './api.ts'
import type { BesideCriResult, FirstPodResult, IdleResult, NodeJob } from './child/node.ts'
import { runChild, temporaryDirectory } from './processes.ts'
import { median, type BenchRow } from './row.ts'

/** A job but for its place. */
type Wanted = NodeJob extends infer J ? (J extends NodeJob ? Omit<J, 'dataDir'> : never) : never

const limitMs = 400_000
const starts = 3
const podBudget = 1.3

/** From `k8ts up` with one node to its first pod Running, with an image that is loaded between. */
export async function benchUp(): Promise<readonly BenchRow[]> {
  const results: FirstPodResult[] = []
  for (let at = 0; at < starts; at++) results.push(await onNode({ type: 'first-pod' }))
  const seconds = (of: (result: FirstPodResult) => number) => median(results.map(of)) / 1_000
  const total = seconds(({ upMs, importMs, podMs }) => upMs + importMs + podMs)
  return [
    within('up with one real node to the first pod Running', total, 's', 5),
    { name: '  k8ts up', value: seconds(({ upMs }) => upMs), unit: 's' },
    { name: '  loading the image', value: seconds(({ importMs }) => importMs), unit: 's' },
    { name: '  the pod', value: seconds(({ podMs }) => podMs), unit: 's' },
  ]
}

/** From create to Running as a watch shows it, beside the same calls to the runtime alone. */
export async function benchPod(): Promise<readonly BenchRow[]> {
  const result = await onNode<BesideCriResult>({ type: 'beside-cri', pods: 1, rounds: 15 })
  const row = besideCri('create to Running, one pod, beside raw CRI', result)
  return [{ ...row, budget: `<= ${podBudget} x raw CRI`, met: row.ratio <= podBudget }]
}

export async function benchPods(): Promise<readonly BenchRow[]> {
  const result = await onNode<BesideCriResult>({ type: 'beside-cri', pods: 50, rounds: 3 })
  return [besideCri('create to Running, 50 pods at once, beside raw CRI', result)]
}

/** What a node and its control plane cost that nobody uses, without pods and with ten. */
export async function benchIdleNode(): Promise<readonly BenchRow[]> {
  const results = await onNode<IdleResult[]>({
    type: 'idle',
    settleMs: 20_000,
    forMs: 60_000,
    pods: [0, 10],
  })
  return results.flatMap(({ pods, server, agent }) => [
    within(`idle control plane of a real node, ${pods} pods, VmRSS`, server.rssMib, 'MiB', 150),
    within('  CPU of one core', server.cpuPercent, '%', 1),
    within(`idle agent, ${pods} pods, VmRSS`, agent.rssMib, 'MiB', 120),
    within('  CPU of one core', agent.cpuPercent, '%', 1),
  ])
}

function besideCri(name: string, { podMs, rawMs }: BesideCriResult) {
  // Of the pairs, not of the medians: the two of a pair met the same noise.
  const ratio = median(podMs.map((ms, at) => ms / (rawMs[at] ?? Number.NaN)))
  return { name, value: median(podMs), unit: 'ms', peer: median(rawMs), ratio }
}

/**
 * Runs a job in a process and a network of its own, and removes the cluster that it made, whatever
 * became of the job.
 */
async function onNode<T>(wanted: Wanted): Promise<T> {
  using dir = temporaryDirectory()
  const dataDir = join(dir.path, 'cluster')
  try {
    return await runChild<T>('node', { ...wanted, dataDir }, limitMs, ['unshare', '--net', '--'])
  } finally {
    const { down } = await loadUp()
    await down({ clock: realClock, dataDir, progress: () => {} })
  }
}
