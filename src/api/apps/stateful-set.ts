import {
  type InputObjectOf,
  int32,
  int64,
  intOrString,
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
  imagesColumn,
  nameColumn,
  containerImages,
  containerNames,
} from '../columns.ts'
import { PersistentVolumeClaimTemplateObject } from '../core/persistent-volume-claim.ts'
import { PodTemplateSpec } from '../core/pod-template-spec.ts'
import { LabelSelector } from '../meta/label-selector.ts'
import { validateStatefulSet, validateStatefulSetUpdate } from './stateful-set-validation.ts'

export const StatefulSetSchema = struct('io.k8s.api.apps.v1.StatefulSet', () => ({
  spec: value(StatefulSetSpec, 2),
  status: value(StatefulSetStatus, 3),
}))

export const StatefulSetSpec = struct('io.k8s.api.apps.v1.StatefulSetSpec', () => ({
  replicas: int32(1).keep().default(1),
  selector: pointer(LabelSelector, 2).orNull().required(),
  template: value(PodTemplateSpec, 3).required(),
  volumeClaimTemplates: list(PersistentVolumeClaimTemplateObject, 4),
  serviceName: string(5).emit(),
  podManagementPolicy: string(6).values('OrderedReady', 'Parallel').default('OrderedReady'),
  updateStrategy: value(StatefulSetUpdateStrategy, 7),
  revisionHistoryLimit: int32(8).keep().default(10),
  minReadySeconds: int32(9),
  persistentVolumeClaimRetentionPolicy: pointer(
    StatefulSetPersistentVolumeClaimRetentionPolicy,
    10,
  ).default({}),
  ordinals: pointer(StatefulSetOrdinals, 11),
}))
export type StatefulSetSpec = ReadOf<typeof StatefulSetSpec>

export const StatefulSetUpdateStrategy = struct(
  'io.k8s.api.apps.v1.StatefulSetUpdateStrategy',
  () => ({
    type: string(1).values('OnDelete', 'RollingUpdate').default('RollingUpdate'),
    rollingUpdate: pointer(RollingUpdateStatefulSetStrategy, 2),
  }),
  {
    defaults(strategy) {
      if (strategy.type !== 'OnDelete')
        strategy.rollingUpdate ??= { partition: 0, maxUnavailable: 1 }
    },
  },
)
export type StatefulSetUpdateStrategy = ReadOf<typeof StatefulSetUpdateStrategy>

export const RollingUpdateStatefulSetStrategy = struct(
  'io.k8s.api.apps.v1.RollingUpdateStatefulSetStrategy',
  () => ({
    partition: int32(1).keep().default(0),
    maxUnavailable: intOrString(2).default(1),
  }),
)
export type RollingUpdateStatefulSetStrategy = ReadOf<typeof RollingUpdateStatefulSetStrategy>

export const StatefulSetPersistentVolumeClaimRetentionPolicy = struct(
  'io.k8s.api.apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy',
  () => ({
    whenDeleted: string(1).values('Delete', 'Retain').default('Retain'),
    whenScaled: string(2).values('Delete', 'Retain').default('Retain'),
  }),
)
export type StatefulSetPersistentVolumeClaimRetentionPolicy = ReadOf<
  typeof StatefulSetPersistentVolumeClaimRetentionPolicy
>

export const StatefulSetOrdinals = struct('io.k8s.api.apps.v1.StatefulSetOrdinals', () => ({
  start: int32(1).emit(),
}))
export type StatefulSetOrdinals = ReadOf<typeof StatefulSetOrdinals>

export const StatefulSetStatus = struct('io.k8s.api.apps.v1.StatefulSetStatus', () => ({
  observedGeneration: int64(1),
  replicas: int32(2).emit().required(),
  readyReplicas: int32(3),
  currentReplicas: int32(4),
  updatedReplicas: int32(5),
  currentRevision: string(6),
  updateRevision: string(7),
  collisionCount: int32(9).keep(),
  conditions: list(StatefulSetCondition, 10).mapBy('type').patch('merge', 'type'),
  availableReplicas: int32(11).emit(),
}))
export type StatefulSetStatus = ReadOf<typeof StatefulSetStatus>

export const StatefulSetCondition = struct('io.k8s.api.apps.v1.StatefulSetCondition', () => ({
  type: string(1).emit().required(),
  status: string(2).emit().required(),
  lastTransitionTime: time(3).orNull(),
  reason: string(4),
  message: string(5),
}))
export type StatefulSetCondition = ReadOf<typeof StatefulSetCondition>

export const StatefulSet = resource({
  name: 'statefulsets',
  shortNames: ['sts'],
  categories: ['all'],
  namespaced: true,
  faces: [{ group: 'apps', version: 'v1', kind: 'StatefulSet', schema: StatefulSetSchema }],
  subresources: {
    status: true,
    scale: {
      kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
      verbs: ['get', 'patch', 'update'],
      scale: { spec: '.spec.replicas', status: '.status.replicas', selector: '.spec.selector' },
    },
  },
  columns: [
    nameColumn,
    { name: 'Ready', value: (set) => `${set.status.readyReplicas ?? 0}/${set.spec.replicas}` },
    ageColumn,
    { ...containersColumn, value: (set) => containerNames(set.spec.template.spec.containers) },
    { ...imagesColumn, value: (set) => containerImages(set.spec.template.spec.containers) },
  ],
  validate: validateStatefulSet,
  validateUpdate: validateStatefulSetUpdate,
})
export type StatefulSet = Whole<typeof StatefulSetSchema>
export type StatefulSetInput = InputObjectOf<typeof StatefulSet>
