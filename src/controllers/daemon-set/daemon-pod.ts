import type { DaemonSet, Pod, PodSpec, PodTemplateSpec, Toleration } from '#api'

/** Names the template a pod was made of, and the ControllerRevision that keeps it. */
export const revisionHashLabel = 'controller-revision-hash'
const templateGenerationLabel = 'pod-template-generation'
const templateGenerationAnnotation = 'deprecated.daemonset.template.generation'

const nodeName = 'metadata.name'

/** Daemons serve the node itself: what keeps other pods away does not concern them. */
const tolerated: readonly Toleration[] = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
]
const toleratedOnHostNetwork: Toleration = {
  key: 'node.kubernetes.io/network-unavailable',
  operator: 'Exists',
  effect: 'NoSchedule',
}

/** The set's template with what every daemon pod has, for no particular node. */
export function daemonTemplate(set: DaemonSet, hash: string): PodTemplateSpec {
  const { template } = set.spec
  const generation = set.metadata.annotations?.[templateGenerationAnnotation]
  return {
    metadata: {
      ...template.metadata,
      labels: {
        ...template.metadata.labels,
        ...(generation === undefined ? {} : { [templateGenerationLabel]: generation }),
        [revisionHashLabel]: hash,
      },
    },
    spec: withTolerations(template.spec),
  }
}

export function withTolerations(spec: PodSpec): PodSpec {
  const own = spec.tolerations ?? []
  const all = spec.hostNetwork === true ? [...tolerated, toleratedOnHostNetwork] : tolerated
  const missing = all.filter(
    ({ key, effect }) =>
      !own.some(
        (other) => other.key === key && other.effect === effect && other.operator === 'Exists',
      ),
  )
  return { ...spec, tolerations: [...own, ...missing] }
}

/** The template pinned to a node, which the scheduler then finds. */
export function templateForNode(template: PodTemplateSpec, node: string): PodTemplateSpec {
  const { affinity } = template.spec
  return {
    ...template,
    spec: {
      ...template.spec,
      affinity: {
        ...affinity,
        nodeAffinity: {
          ...affinity?.nodeAffinity,
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [
              { matchFields: [{ key: nodeName, operator: 'In', values: [node] }] },
            ],
          },
        },
      },
    },
  }
}

/** The node a daemon pod runs on or is meant for. */
export function targetNode({ spec }: Pod): string | undefined {
  if ((spec.nodeName ?? '') !== '') return spec.nodeName
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  for (const { matchFields = [] } of required?.nodeSelectorTerms ?? []) {
    const [field, ...more] = matchFields
    if (field === undefined || more.length > 0) continue
    if (field.key === nodeName && field.operator === 'In' && field.values?.length === 1) {
      return field.values[0]
    }
  }
  return undefined
}

/** Whether the pod is of the set's present template. */
export function isUpdated({ metadata }: Pod, set: DaemonSet, hash: string): boolean {
  const generation = set.metadata.annotations?.[templateGenerationAnnotation]
  return (
    metadata.labels?.[revisionHashLabel] === hash ||
    (generation !== undefined && metadata.labels?.[templateGenerationLabel] === generation)
  )
}

/** Of several pods on a node the first one counts: scheduled, then the oldest. */
export function compareDaemonPods(a: Pod, b: Pod): number {
  const left = (a.spec.nodeName ?? '') === ''
  const right = (b.spec.nodeName ?? '') === ''
  if (left !== right) return Number(left) - Number(right)
  const { creationTimestamp: leftAt = '', name: leftName = '' } = a.metadata
  const { creationTimestamp: rightAt = '', name: rightName = '' } = b.metadata
  if (leftAt !== rightAt) return leftAt < rightAt ? -1 : 1
  if (leftName === rightName) return 0
  return leftName < rightName ? -1 : 1
}
