import type { Taint } from '#api'
import type { Handle, Plugin } from '../../framework/plugin.ts'
import { Status } from '../../framework/status.ts'
import { normalizeToHighest } from '../normalize.ts'
import { tolerates } from '../tolerations.ts'

const name = 'TaintToleration'
const untolerated = new Status(
  name,
  'UnschedulableAndUnresolvable',
  'node(s) had untolerated taint(s)',
)

/**
 * Nodes with a taint of effect NoSchedule or NoExecute that the pod does not tolerate are out;
 * those with fewer untolerated PreferNoSchedule taints are better. Each list of taints is judged
 * once per shape of pods.
 */
export function taintToleration({ table }: Handle): Plugin {
  const { taints } = table
  return {
    name,
    events: [
      {
        resource: 'Node',
        actions: ['Add', 'UpdateNodeTaint'],
        helps: ({ shape }, event) =>
          event.resource === 'Node' &&
          !isRepelled(event.after.spec.taints ?? [], (taint) =>
            tolerates(shape.tolerations, taint),
          ),
      },
      { resource: 'TargetPod', actions: ['UpdatePodToleration'] },
    ],
    preFilter({ shape }) {
      const judged: boolean[] = []
      const { sets } = taints
      const repelled = (set: number) =>
        isRepelled(taints.lists[set] ?? [], (taint) => tolerates(shape.tolerations, taint))
      return {
        dependsOn: 'node',
        filter: (row) => {
          const set = sets[row] ?? 0
          const isOut = (judged[set] ??= repelled(set))
          return isOut ? untolerated : undefined
        },
      }
    },
    preScore({ shape }) {
      const counted: number[] = []
      const { sets } = taints
      const count = (set: number) =>
        (taints.lists[set] ?? []).filter(
          (taint) => taint.effect === 'PreferNoSchedule' && !tolerates(shape.tolerations, taint),
        ).length
      return {
        score(rows, length, scores) {
          for (let i = 0; i < length; i++) {
            const set = sets[rows[i] ?? 0] ?? 0
            scores[i] = counted[set] ??= count(set)
          }
          normalizeToHighest(scores, length, true)
        },
      }
    },
  }
}

/** Whether one of the taints keeps pods away that do not tolerate it. */
export function isRepelled(
  taints: readonly Taint[],
  tolerated: (taint: Taint) => boolean,
): boolean {
  return taints.some(
    (taint) => (taint.effect === 'NoSchedule' || taint.effect === 'NoExecute') && !tolerated(taint),
  )
}
