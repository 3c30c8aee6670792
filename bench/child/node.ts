import { realClock } from '#base'
import { startNodeCluster } from '../node-cluster.ts'
import { cpuSeconds, memory } from '../processes.ts'
import { runRaw } from '../raw-cri.ts'

/** Measures a cluster of one real node, from within a network namespace of its own. */
export type NodeJob =
  | { readonly type: 'first-pod'; readonly dataDir: string }
  | {
      readonly type: 'beside-cri'
      readonly dataDir: string
      /** So many at once. */
      readonly pods: number
      readonly rounds: number
    }
  | {
      readonly type: 'idle'
      readonly dataDir: string
      readonly settleMs: number
      readonly forMs: number
      /** So many pods run at each of the measurements. */
      readonly pods: readonly number[]
    }

export interface FirstPodResult {
  readonly upMs: number
  readonly importMs: number
  readonly podMs: number
}

export interface BesideCriResult {
  readonly rawMs: readonly number[]
  readonly podMs: readonly number[]
}

export interface IdleCost {
  readonly rssMib: number
  readonly cpuPercent: number
}

export interface IdleResult {
  readonly pods: number
  readonly server: IdleCost
  readonly agent: IdleCost
}

const job = JSON.parse(process.argv[2] ?? '{}') as NodeJob
const cluster = await startNodeCluster(job.dataDir)
process.stdout.write(JSON.stringify(await run(job)))
process.exit(0)

async function run(job: NodeJob): Promise<FirstPodResult | BesideCriResult | IdleResult[]> {
  switch (job.type) {
    case 'first-pod': {
      const { upMs, importMs } = cluster
      return { upMs, importMs, podMs: await cluster.create(['first']) }
    }
    case 'beside-cri':
      return besideCri(job.pods, job.rounds)
    case 'idle': {
      const results: IdleResult[] = []
      for (const pods of job.pods) results.push(await idle(job, pods))
      return results
    }
  }
}

/** In turns, so that what else the machine does hurts both. */
async function besideCri(pods: number, rounds: number): Promise<BesideCriResult> {
  const [rawMs, podMs]: [number[], number[]] = [[], []]
  // The very first ones make what later ones find: bridges, cgroups, caches.
  await cluster.create(['warm-up'])
  const like = await cluster.get('warm-up')
  await (await runRaw(cluster, like, 1)).remove()
  for (let round = 0; round < rounds; round++) {
    const raw = await runRaw(cluster, like, pods)
    await raw.remove()
    rawMs.push(raw.ms)
    const names = Array.from({ length: pods }, (_, at) => `pod-${round}-${at}`)
    podMs.push(await cluster.create(names))
    await cluster.remove(names)
  }
  return { rawMs, podMs }
}

async function idle(
  { settleMs, forMs }: Extract<NodeJob, { type: 'idle' }>,
  pods: number,
): Promise<IdleResult> {
  if (pods > 0) await cluster.create(Array.from({ length: pods }, (_, at) => `idle-${at}`))
  await realClock.sleep(settleMs)
  const pids = [cluster.serverPid, cluster.agentPid]
  const before = pids.map(cpuSeconds)
  const began = realClock.elapsed()
  await realClock.sleep(forMs)
  const seconds = (realClock.elapsed() - began) / 1_000
  const [server, agent] = pids.map((pid, at) => ({
    rssMib: memory(pid).rssMib,
    cpuPercent: ((cpuSeconds(pid) - (before[at] ?? 0)) * 100) / seconds,
  }))
  if (server === undefined || agent === undefined) throw new Error('there are two processes')
  return { pods, server, agent }
}
