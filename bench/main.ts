import { benchCreates, benchIdle, benchList, benchStart, benchWatchDelay } from './api.ts'
import { benchDeployments, benchStartCluster } from './cluster.ts'
import { benchFanOut, benchInProcess, benchKinds, benchManyPods } from './in-process.ts'
import { benchSchedulerDurable } from './durable-scheduler.ts'
import { benchIdleNode, benchPod, benchPods, benchUp } from './nodes.ts'
import { benchProxy } from './proxy.ts'
import { printRows, type BenchRow } from './row.ts'
import { benchSchedulerDecisions, benchSchedulerEndToEnd } from './scheduler.ts'
import { benchStore } from './store.ts'

/**
 * Measures what has a budget, beside the peer in the same run where the peer can be had:
 * `npm run bench`, or `npm run bench -- store list` for some. Everything is on loopback and in
 * temporary directories. Those of real nodes (up, pod, pods, idle-node) need root and what nodes
 * need; each has a network namespace of its own, and its cluster is removed whatever becomes of it.
 */
const benches: Readonly<Record<string, () => Promise<readonly BenchRow[]>>> = {
  'in-process': benchInProcess,
  start: benchStart,
  store: benchStore,
  creates: benchCreates,
  list: benchList,
  'fan-out': benchFanOut,
  'watch-delay': benchWatchDelay,
  'many-pods': benchManyPods,
  kinds: benchKinds,
  scheduler: benchSchedulerDecisions,
  'scheduler-end-to-end': benchSchedulerEndToEnd,
  'scheduler-durable': benchSchedulerDurable,
  'start-cluster': benchStartCluster,
  deployments: benchDeployments,
  proxy: benchProxy,
  idle: benchIdle,
  up: benchUp,
  pod: benchPod,
  pods: benchPods,
  'idle-node': benchIdleNode,
}

const names = process.argv.slice(2)
const unknown = names.find((name) => !Object.hasOwn(benches, name))
if (unknown !== undefined) {
  console.error(`there is no "${unknown}"; there are: ${Object.keys(benches).join(', ')}`)
  process.exit(2)
}

const rows: BenchRow[] = []
for (const [name, bench] of Object.entries(benches)) {
  if (names.length > 0 && !names.includes(name)) continue
  console.error(`${name} ...`)
  try {
    rows.push(...(await bench()))
  } catch (error) {
    // The others are worth having all the same.
    console.error(error)
    process.exitCode = 1
  }
}
printRows(rows)
