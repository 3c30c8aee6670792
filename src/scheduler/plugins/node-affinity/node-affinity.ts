import type { Node } from '#api'
import type { Handle, Plugin } from '../../framework/plugin.ts'
import { Status } from '../../framework/status.ts'
import type { PodShape } from '../../pod-info.ts'
import { normalizeToHighest } from '../normalize.ts'
import { hasLabels, matchesAnyTerm, matchesTerm, namedNodes } from './node-selector.ts'

const name = 'NodeAffinity'
const mismatch = new Status(
  name,
  'UnschedulableAndUnresolvable',
  "node(s) didn't match Pod's node affinity/selector",
)
const conflict = new Status(name, 'UnschedulableAndUnresolvable', 'pod affinity terms conflict')

/** The pod's nodeSelector and node affinity: required terms filter, preferred ones score. */
export function nodeAffinity({ table }: Handle): Plugin {
  return {
    name,
    events: [
      {
        resource: 'Node',
        actions: ['Add', 'UpdateNodeLabel'],
        helps: ({ shape }, event) =>
          event.resource === 'Node' && matchesRequired(event.after, shape),
      },
    ],
    preFilter({ shape }) {
      const terms = requiredTerms(shape)
      if (terms === undefined && Object.keys(shape.nodeSelector).length === 0) return undefined
      const nodeNames = terms === undefined ? undefined : namedNodes(terms)
      if (nodeNames?.size === 0) return conflict
      return {
        dependsOn: 'node',
        ...(nodeNames === undefined ? {} : { nodeNames }),
        filter: (row) => (matchesRequired(table.node(row), shape) ? undefined : mismatch),
      }
    },
    preScore({ shape }) {
      const preferred =
        shape.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
      if (preferred.length === 0) return undefined
      return {
        score(rows, count, scores) {
          for (let i = 0; i < count; i++) {
            const node = table.node(rows[i] ?? 0)
            let sum = 0
            for (const { weight, preference } of preferred) {
              if (matchesTerm(node, preference)) sum += weight
            }
            scores[i] = sum
          }
          normalizeToHighest(scores, count, false)
        },
      }
    },
  }
}

/** Whether the node is one that the pod's nodeSelector and required terms allow. */
export function matchesRequired(node: Node, shape: PodShape): boolean {
  const terms = requiredTerms(shape)
  return hasLabels(node, shape.nodeSelector) && (terms === undefined || matchesAnyTerm(node, terms))
}

/** Undefined: nothing is required, which is not the same as no terms. */
function requiredTerms({ affinity }: PodShape) {
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  return required === undefined ? undefined : (required.nodeSelectorTerms ?? [])
}
