import { type InputObjectOf, type Whole, resource, struct, value } from '#machinery'
import { defaultPodSpec } from './pod-defaults.ts'
import { podColumns, podRowConditions } from './pod-columns.ts'
import { PodSpec } from './pod-spec.ts'
import { PodStatus } from './pod-status.ts'
import {
  deletionGrace,
  prepareForCreate,
  prepareForEphemeralContainersUpdate,
  prepareForResize,
  prepareForStatusUpdate,
  validateEphemeralContainersUpdate,
  validateResize,
} from './pod-strategy.ts'
import { validatePod, validatePodStatusUpdate, validatePodUpdate } from './pod-validation.ts'
import { podWarnings } from './pod-warnings.ts'

export const PodSchema = struct(
  'io.k8s.api.core.v1.Pod',
  () => ({
    spec: value(PodSpec, 2),
    status: value(PodStatus, 3),
  }),
  {
    defaults({ spec }) {
      defaultPodSpec(spec)
    },
  },
)

export const Pod = resource({
  name: 'pods',
  shortNames: ['po'],
  categories: ['all'],
  namespaced: true,
  returnsDeleted: true,
  faces: [{ group: '', version: 'v1', kind: 'Pod', schema: PodSchema }],
  subresources: {
    status: {
      verbs: ['get', 'patch', 'update'],
      prepareForUpdate: prepareForStatusUpdate,
      validateUpdate: validatePodStatusUpdate,
    },
    attach: { kind: { group: '', version: 'v1', kind: 'PodAttachOptions' }, verbs: ['connect'] },
    binding: { kind: { group: '', version: 'v1', kind: 'Binding' }, verbs: ['create'] },
    ephemeralcontainers: {
      verbs: ['get', 'patch', 'update'],
      prepareForUpdate: prepareForEphemeralContainersUpdate,
      validateUpdate: validateEphemeralContainersUpdate,
    },
    eviction: { kind: { group: 'policy', version: 'v1', kind: 'Eviction' }, verbs: ['create'] },
    exec: { kind: { group: '', version: 'v1', kind: 'PodExecOptions' }, verbs: ['connect'] },
    log: { verbs: ['get'] },
    portforward: {
      kind: { group: '', version: 'v1', kind: 'PodPortForwardOptions' },
      verbs: ['connect'],
    },
    proxy: { kind: { group: '', version: 'v1', kind: 'PodProxyOptions' }, verbs: ['connect'] },
    resize: {
      verbs: ['get', 'patch', 'update'],
      prepareForUpdate: prepareForResize,
      validateUpdate: validateResize,
    },
  },
  prepareForCreate,
  validate: validatePod,
  validateUpdate: validatePodUpdate,
  warnings: (pod) => podWarnings(pod.spec),
  deletionGrace,
  columns: podColumns,
  rowConditions: podRowConditions,
  selectableFields: [
    { path: 'spec.nodeName', value: (pod) => pod.spec.nodeName ?? '' },
    { path: 'spec.restartPolicy', value: (pod) => pod.spec.restartPolicy },
    { path: 'spec.schedulerName', value: (pod) => pod.spec.schedulerName },
    { path: 'spec.serviceAccountName', value: (pod) => pod.spec.serviceAccountName ?? '' },
    { path: 'spec.hostNetwork', value: (pod) => String(pod.spec.hostNetwork ?? false) },
    { path: 'status.phase', value: (pod) => pod.status.phase ?? '' },
    { path: 'status.podIP', value: (pod) => pod.status.podIP ?? '' },
    { path: 'status.podIPs', value: (_pod) => '' },
    { path: 'status.nominatedNodeName', value: (pod) => pod.status.nominatedNodeName ?? '' },
  ],
})
export type Pod = Whole<typeof PodSchema>
export type PodInput = InputObjectOf<typeof Pod>
