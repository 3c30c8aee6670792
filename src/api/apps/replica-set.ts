import {
  type InputObjectOf,
  int32,
  int64,
  list,
  type Whole,
  pointer,
  type ReadOf,
  resource,
  string,
  struct,
  time,
  value,
} from '#machinery'
import {
  ageColumn,
  containersColumn,
  formatSelector,
  imagesColumn,
  nameColumn,
  containerImages,
  containerNames,
} from '../columns.ts'
import { PodTemplateSpec } from '../core/pod-template-spec.ts'
import { LabelSelector } from '../meta/label-selector.ts'
import {
  validateReplicaSet,
  validateReplicaSetStatusUpdate,
  validateReplicaSetUpdate,
} from './replica-set-validation.ts'

export const ReplicaSetSchema = struct('io.k8s.api.apps.v1.ReplicaSet', () => ({
  spec: value(ReplicaSetSpec, 2),
  status: value(ReplicaSetStatus, 3),
}))

export const ReplicaSetSpec = struct('io.k8s.api.apps.v1.ReplicaSetSpec', () => ({
  replicas: int32(1).keep().default(1),
  minReadySeconds: int32(4),
  selector: pointer(LabelSelector, 2).orNull().required(),
  template: value(PodTemplateSpec, 3),
}))
export type ReplicaSetSpec = ReadOf<typeof ReplicaSetSpec>

export const ReplicaSetStatus = struct('io.k8s.api.apps.v1.ReplicaSetStatus', () => ({
  replicas: int32(1).emit().required(),
  fullyLabeledReplicas: int32(2),
  readyReplicas: int32(4),
  availableReplicas: int32(5),
  terminatingReplicas: int32(7).keep(),
  observedGeneration: int64(3),
  conditions: list(ReplicaSetCondition, 6).mapBy('type').patch('merge', 'type'),
}))
export type ReplicaSetStatus = ReadOf<typeof ReplicaSetStatus>

export const ReplicaSetCondition = struct('io.k8s.api.apps.v1.ReplicaSetCondition', () => ({
  type: string(1).emit().required(),
  status: string(2).emit().required(),
  lastTransitionTime: time(3).orNull(),
  reason: string(4),
  message: string(5),
}))
export type ReplicaSetCondition = ReadOf<typeof ReplicaSetCondition>

export const ReplicaSet = resource({
  name: 'replicasets',
  shortNames: ['rs'],
  categories: ['all'],
  namespaced: true,
  faces: [{ group: 'apps', version: 'v1', kind: 'ReplicaSet', schema: ReplicaSetSchema }],
  subresources: {
    status: {
      verbs: ['get', 'patch', 'update'],
      validateUpdate: validateReplicaSetStatusUpdate,
    },
    scale: {
      kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
      verbs: ['get', 'patch', 'update'],
      scale: { spec: '.spec.replicas', status: '.status.replicas', selector: '.spec.selector' },
    },
  },
  columns: [
    nameColumn,
    { name: 'Desired', type: 'integer', value: (set) => set.spec.replicas },
    { name: 'Current', type: 'integer', value: (set) => set.status.replicas },
    { name: 'Ready', type: 'integer', value: (set) => set.status.readyReplicas ?? 0 },
    ageColumn,
    { ...containersColumn, value: (set) => containerNames(set.spec.template.spec.containers) },
    { ...imagesColumn, value: (set) => containerImages(set.spec.template.spec.containers) },
    { name: 'Selector', priority: 1, value: (set) => formatSelector(set.spec.selector) },
  ],
  selectableFields: [{ path: 'status.replicas', value: (set) => String(set.status.replicas) }],
  validate: validateReplicaSet,
  validateUpdate: validateReplicaSetUpdate,
})
export type ReplicaSet = Whole<typeof ReplicaSetSchema>
export type ReplicaSetInput = InputObjectOf<typeof ReplicaSet>
