import type { Plugin } from '../../framework/plugin.ts'
import { Status } from '../../framework/status.ts'

const name = 'SchedulingGates'

/** A pod with gates waits until whoever set them has taken them all away (KEP-3521). */
export function schedulingGates(): Plugin {
  return {
    name,
    events: [{ resource: 'TargetPod', actions: ['UpdatePodSchedulingGatesEliminated'] }],
    preEnqueue({ pod }) {
      const gates = (pod.spec.schedulingGates ?? []).map((gate) => gate.name)
      if (gates.length === 0) return undefined
      return new Status(
        name,
        'UnschedulableAndUnresolvable',
        `waiting for scheduling gates: [${gates.join(' ')}]`,
      )
    },
  }
}
