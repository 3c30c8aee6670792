import { Pod, type Toleration } from '#api'
import type { Mutable } from '#machinery'
import type { AdmissionPlugin } from './admission.ts'

/** Upstream's `--default-not-ready-toleration-seconds` and `--default-unreachable-…`. */
const tolerationSeconds = 300
const taints = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']

/** Pods stay five minutes on a node that is not ready or cannot be reached, unless they say else. */
export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  admit({ operation, resource, subresource, object }) {
    if (resource !== Pod || subresource !== '') return
    if (operation !== 'CREATE' && operation !== 'UPDATE') return
    const { spec } = object as Mutable<Pod>
    const given = spec.tolerations ?? []
    const missing = taints.filter((taint) => !given.some((one) => tolerates(one, taint)))
    if (missing.length === 0) return
    const added = missing.map(
      (key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds }) as const,
    )
    spec.tolerations = [...given, ...added]
  },
}

function tolerates({ key = '', effect = 'NoExecute' }: Toleration, taint: string): boolean {
  return (key === taint || key === '') && effect === 'NoExecute'
}
