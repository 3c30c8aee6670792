import type { Handle, Plugin } from '../../framework/plugin.ts'
import { Status } from '../../framework/status.ts'
import { overlap } from '../../node-table/port-column.ts'

const name = 'NodePorts'
const taken = new Status(
  name,
  'Unschedulable',
  "node(s) didn't have free ports for the requested pod ports",
)

/** Two pods on a node cannot have the same port of the node. */
export function nodePorts({ table }: Handle): Plugin {
  return {
    name,
    events: [
      {
        resource: 'AssignedPod',
        actions: ['Delete'],
        helps: ({ shape }, event) =>
          event.resource === 'AssignedPod' &&
          (event.before?.shape.hostPorts ?? []).some((freed) =>
            shape.hostPorts.some((wanted) => overlap(freed, wanted)),
          ),
      },
      { resource: 'Node', actions: ['Add'] },
    ],
    preFilter({ shape: { hostPorts } }) {
      if (hostPorts.length === 0) return undefined
      return {
        dependsOn: 'pods',
        filter: (row) => (table.ports.conflicts(row, hostPorts) ? taken : undefined),
      }
    },
  }
}
