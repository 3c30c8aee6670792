import type { Handle, Plugin } from '../../framework/plugin.ts'
import { Status } from '../../framework/status.ts'

const name = 'NodeName'
const wrongName = new Status(
  name,
  'UnschedulableAndUnresolvable',
  "node(s) didn't match the requested node name",
)

/** A pod that names its node goes to no other. */
export function nodeName({ table }: Handle): Plugin {
  return {
    name,
    events: [{ resource: 'Node', actions: ['Add'] }],
    preFilter({ pod }) {
      const wanted = pod.spec.nodeName ?? ''
      if (wanted === '') return undefined
      return {
        dependsOn: 'node',
        filter: (row) => (table.nameOf(row) === wanted ? undefined : wrongName),
      }
    },
  }
}
