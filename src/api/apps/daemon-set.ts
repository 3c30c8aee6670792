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
  formatLabels,
  formatSelector,
  imagesColumn,
  nameColumn,
  containerImages,
  containerNames,
} from '../columns.ts'
import { PodTemplateSpec } from '../core/pod-template-spec.ts'
import { LabelSelector } from '../meta/label-selector.ts'
import { validateDaemonSet, validateDaemonSetUpdate } from './daemon-set-validation.ts'

export const DaemonSetSchema = struct('io.k8s.api.apps.v1.DaemonSet', () => ({
  spec: value(DaemonSetSpec, 2),
  status: value(DaemonSetStatus, 3),
}))

export const DaemonSetSpec = struct('io.k8s.api.apps.v1.DaemonSetSpec', () => ({
  selector: pointer(LabelSelector, 1).orNull().required(),
  template: value(PodTemplateSpec, 2).required(),
  updateStrategy: value(DaemonSetUpdateStrategy, 3),
  minReadySeconds: int32(4),
  revisionHistoryLimit: int32(6).keep().default(10),
}))
export type DaemonSetSpec = ReadOf<typeof DaemonSetSpec>

export const DaemonSetUpdateStrategy = struct(
  'io.k8s.api.apps.v1.DaemonSetUpdateStrategy',
  () => ({
    type: string(1).values('OnDelete', 'RollingUpdate').default('RollingUpdate'),
    rollingUpdate: pointer(RollingUpdateDaemonSet, 2),
  }),
  {
    defaults(strategy) {
      if (strategy.type !== 'OnDelete')
        strategy.rollingUpdate ??= { maxUnavailable: 1, maxSurge: 0 }
    },
  },
)
export type DaemonSetUpdateStrategy = ReadOf<typeof DaemonSetUpdateStrategy>

export const RollingUpdateDaemonSet = struct('io.k8s.api.apps.v1.RollingUpdateDaemonSet', () => ({
  maxUnavailable: intOrString(1).default(1),
  maxSurge: intOrString(2).default(0),
}))
export type RollingUpdateDaemonSet = ReadOf<typeof RollingUpdateDaemonSet>

export const DaemonSetStatus = struct('io.k8s.api.apps.v1.DaemonSetStatus', () => ({
  currentNumberScheduled: int32(1).emit().required(),
  numberMisscheduled: int32(2).emit().required(),
  desiredNumberScheduled: int32(3).emit().required(),
  numberReady: int32(4).emit().required(),
  observedGeneration: int64(5),
  updatedNumberScheduled: int32(6),
  numberAvailable: int32(7),
  numberUnavailable: int32(8),
  collisionCount: int32(9).keep(),
  conditions: list(DaemonSetCondition, 10).mapBy('type').patch('merge', 'type'),
}))
export type DaemonSetStatus = ReadOf<typeof DaemonSetStatus>

export const DaemonSetCondition = struct('io.k8s.api.apps.v1.DaemonSetCondition', () => ({
  type: string(1).emit().required(),
  status: string(2).emit().required(),
  lastTransitionTime: time(3).orNull(),
  reason: string(4),
  message: string(5),
}))
export type DaemonSetCondition = ReadOf<typeof DaemonSetCondition>

export const DaemonSet = resource({
  name: 'daemonsets',
  shortNames: ['ds'],
  categories: ['all'],
  namespaced: true,
  faces: [{ group: 'apps', version: 'v1', kind: 'DaemonSet', schema: DaemonSetSchema }],
  subresources: {
    status: true,
  },
  columns: [
    nameColumn,
    { name: 'Desired', type: 'integer', value: (set) => set.status.desiredNumberScheduled },
    { name: 'Current', type: 'integer', value: (set) => set.status.currentNumberScheduled },
    { name: 'Ready', type: 'integer', value: (set) => set.status.numberReady },
    { name: 'Up-to-date', type: 'integer', value: (set) => set.status.updatedNumberScheduled ?? 0 },
    { name: 'Available', type: 'integer', value: (set) => set.status.numberAvailable ?? 0 },
    { name: 'Node Selector', value: (set) => formatLabels(set.spec.template.spec.nodeSelector) },
    ageColumn,
    { ...containersColumn, value: (set) => containerNames(set.spec.template.spec.containers) },
    { ...imagesColumn, value: (set) => containerImages(set.spec.template.spec.containers) },
    { name: 'Selector', priority: 1, value: (set) => formatSelector(set.spec.selector) },
  ],
  validate: validateDaemonSet,
  validateUpdate: validateDaemonSetUpdate,
})
export type DaemonSet = Whole<typeof DaemonSetSchema>
export type DaemonSetInput = InputObjectOf<typeof DaemonSet>
