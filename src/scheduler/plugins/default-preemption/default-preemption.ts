import { fitErrorMessage, type Diagnosis } from '../../framework/diagnosis.ts'
import type { Plugin } from '../../framework/plugin.ts'
import { Status } from '../../framework/status.ts'
import type { PodInfo } from '../../pod-info.ts'

const name = 'DefaultPreemption'
const notHelpful = new Status(
  name,
  'UnschedulableAndUnresolvable',
  'Preemption is not helpful for scheduling',
)
const noVictims = new Status(
  name,
  'UnschedulableAndUnresolvable',
  'No preemption victims found for incoming pod',
)

/**
 * Says why no pod is evicted to make room for one that fits nowhere.
 *
 * Differs from Kubernetes: nothing is preempted yet. A pod waits until pods of lower priority have
 * gone by themselves.
 */
export function defaultPreemption(): Plugin {
  return {
    name,
    postFilter: (pod, diagnosis) => ({
      message: `preemption: ${refusal(pod, diagnosis)}`,
      nominatedNodeName: '',
    }),
  }
}

function refusal({ pod }: PodInfo, diagnosis: Diagnosis): string {
  if (pod.spec.preemptionPolicy === 'Never') {
    return 'not eligible due to preemptionPolicy=Never.'
  }
  const { rows, statuses, nodeCount } = diagnosis
  const hopeful = rows.filter((_, index) => statuses[index]?.code === 'Unschedulable')
  const dryRun = {
    nodeCount,
    rows: hopeful,
    statuses: hopeful.map(() => noVictims),
    absent: notHelpful,
    preFilter: undefined,
    plugins: new Set<string>(),
  }
  return fitErrorMessage(dryRun, '')
}
