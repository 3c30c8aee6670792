import {
  type InputObjectOf,
  int32,
  int64,
  item,
  list,
  map,
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
  imagesColumn,
  nameColumn,
  containerImages,
  containerNames,
} from '../columns.ts'
import { labelAsTemplate } from './replication-controller-strategy.ts'
import { PodTemplateSpec } from './pod-template-spec.ts'
import {
  validateReplicationController,
  validateReplicationControllerStatus,
} from './replication-controller-validation.ts'

export const ReplicationControllerSchema = struct(
  'io.k8s.api.core.v1.ReplicationController',
  () => ({
    spec: value(ReplicationControllerSpec, 2),
    status: value(ReplicationControllerStatus, 3),
  }),
  {
    defaults({ spec }) {
      const labels = spec.template?.metadata.labels
      if (labels !== undefined) spec.selector ??= { ...labels }
    },
  },
)

export const ReplicationControllerSpec = struct(
  'io.k8s.api.core.v1.ReplicationControllerSpec',
  () => ({
    replicas: int32(1).keep().default(1),
    minReadySeconds: int32(4),
    selector: map(item.string, 2).atomic(),
    template: pointer(PodTemplateSpec, 3),
  }),
)
export type ReplicationControllerSpec = ReadOf<typeof ReplicationControllerSpec>

export const ReplicationControllerStatus = struct(
  'io.k8s.api.core.v1.ReplicationControllerStatus',
  () => ({
    replicas: int32(1).emit().required(),
    fullyLabeledReplicas: int32(2),
    readyReplicas: int32(4),
    availableReplicas: int32(5),
    observedGeneration: int64(3),
    conditions: list(ReplicationControllerCondition, 6).mapBy('type').patch('merge', 'type'),
  }),
)
export type ReplicationControllerStatus = ReadOf<typeof ReplicationControllerStatus>

export const ReplicationControllerCondition = struct(
  'io.k8s.api.core.v1.ReplicationControllerCondition',
  () => ({
    type: string(1).emit().required(),
    status: string(2).values('False', 'True', 'Unknown').emit().required(),
    lastTransitionTime: time(3).orNull(),
    reason: string(4),
    message: string(5),
  }),
)
export type ReplicationControllerCondition = ReadOf<typeof ReplicationControllerCondition>

export const ReplicationController = resource({
  name: 'replicationcontrollers',
  shortNames: ['rc'],
  categories: ['all'],
  namespaced: true,
  faces: [
    {
      group: '',
      version: 'v1',
      kind: 'ReplicationController',
      schema: ReplicationControllerSchema,
    },
  ],
  storagePath: 'controllers',
  subresources: {
    status: {
      verbs: ['get', 'patch', 'update'],
      validateUpdate: validateReplicationControllerStatus,
    },
    scale: {
      kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
      verbs: ['get', 'patch', 'update'],
      scale: { spec: '.spec.replicas', status: '.status.replicas', selector: '.spec.selector' },
    },
  },
  defaultPropagation: 'Orphan',
  prepareForCreate: labelAsTemplate,
  prepareForUpdate: labelAsTemplate,
  columns: [
    nameColumn,
    { name: 'Desired', type: 'integer', value: (controller) => controller.spec.replicas },
    { name: 'Current', type: 'integer', value: (controller) => controller.status.replicas },
    { name: 'Ready', type: 'integer', value: (controller) => controller.status.readyReplicas ?? 0 },
    ageColumn,
    {
      ...containersColumn,
      value: (controller) => containerNames(controller.spec.template?.spec.containers),
    },
    {
      ...imagesColumn,
      value: (controller) => containerImages(controller.spec.template?.spec.containers),
    },
    {
      name: 'Selector',
      priority: 1,
      value: (controller) => formatLabels(controller.spec.selector),
    },
  ],
  selectableFields: [
    { path: 'status.replicas', value: (controller) => String(controller.status.replicas) },
  ],
  validate: validateReplicationController,
})
export type ReplicationController = Whole<typeof ReplicationControllerSchema>
export type ReplicationControllerInput = InputObjectOf<typeof ReplicationController>
