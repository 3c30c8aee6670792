import type { Handle, Plugin } from '../../framework/plugin.ts'
import { Status } from '../../framework/status.ts'
import { tolerates } from '../tolerations.ts'

const name = 'NodeUnschedulable'
const unschedulable = new Status(name, 'UnschedulableAndUnresolvable', 'node(s) were unschedulable')
const cordoned = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' } as const

/** Cordoned nodes get no pods but those that tolerate it, as a DaemonSet's do. */
export function nodeUnschedulable({ table }: Handle): Plugin {
  return {
    name,
    events: [
      {
        resource: 'Node',
        actions: ['Add', 'UpdateNodeTaint'],
        helps: (_, event) =>
          event.resource === 'Node' &&
          event.after.spec.unschedulable !== true &&
          (event.before === undefined || event.before.spec.unschedulable === true),
      },
    ],
    preFilter({ shape }) {
      if (tolerates(shape.tolerations, cordoned)) return undefined
      return {
        dependsOn: 'node',
        filter: (row) => (table.node(row).spec.unschedulable === true ? unschedulable : undefined),
      }
    },
  }
}
