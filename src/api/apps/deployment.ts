import {
  boolean,
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
  formatSelector,
  imagesColumn,
  nameColumn,
  containerImages,
  containerNames,
} from '../columns.ts'
import { PodTemplateSpec } from '../core/pod-template-spec.ts'
import { LabelSelector } from '../meta/label-selector.ts'
import {
  validateDeployment,
  validateDeploymentStatusUpdate,
  validateDeploymentUpdate,
} from './deployment-validation.ts'

export const DeploymentSchema = struct('io.k8s.api.apps.v1.Deployment', () => ({
  spec: value(DeploymentSpec, 2),
  status: value(DeploymentStatus, 3),
}))

export const DeploymentSpec = struct('io.k8s.api.apps.v1.DeploymentSpec', () => ({
  replicas: int32(1).keep().default(1),
  selector: pointer(LabelSelector, 2).orNull().required(),
  template: value(PodTemplateSpec, 3).required(),
  strategy: value(DeploymentStrategy, 4).patch('retainKeys'),
  minReadySeconds: int32(5),
  revisionHistoryLimit: int32(6).keep().default(10),
  paused: boolean(7),
  progressDeadlineSeconds: int32(9).keep().default(600),
}))
export type DeploymentSpec = ReadOf<typeof DeploymentSpec>

export const DeploymentStrategy = struct(
  'io.k8s.api.apps.v1.DeploymentStrategy',
  () => ({
    type: string(1).values('Recreate', 'RollingUpdate').default('RollingUpdate'),
    rollingUpdate: pointer(RollingUpdateDeployment, 2),
  }),
  {
    defaults(strategy) {
      if (strategy.type !== 'Recreate') strategy.rollingUpdate ??= { ...evenRollingUpdate }
    },
  },
)
export type DeploymentStrategy = ReadOf<typeof DeploymentStrategy>

const evenRollingUpdate = { maxUnavailable: '25%', maxSurge: '25%' }

export const RollingUpdateDeployment = struct('io.k8s.api.apps.v1.RollingUpdateDeployment', () => ({
  maxUnavailable: intOrString(1).default('25%'),
  maxSurge: intOrString(2).default('25%'),
}))
export type RollingUpdateDeployment = ReadOf<typeof RollingUpdateDeployment>

export const DeploymentStatus = struct('io.k8s.api.apps.v1.DeploymentStatus', () => ({
  observedGeneration: int64(1),
  replicas: int32(2),
  updatedReplicas: int32(3),
  readyReplicas: int32(7),
  availableReplicas: int32(4),
  unavailableReplicas: int32(5),
  terminatingReplicas: int32(9).keep(),
  conditions: list(DeploymentCondition, 6).mapBy('type').patch('merge', 'type'),
  collisionCount: int32(8).keep(),
}))
export type DeploymentStatus = ReadOf<typeof DeploymentStatus>

export const DeploymentCondition = struct('io.k8s.api.apps.v1.DeploymentCondition', () => ({
  type: string(1).emit().required(),
  status: string(2).emit().required(),
  lastUpdateTime: time(6).orNull(),
  lastTransitionTime: time(7).orNull(),
  reason: string(4),
  message: string(5),
}))
export type DeploymentCondition = ReadOf<typeof DeploymentCondition>

export const Deployment = resource({
  name: 'deployments',
  shortNames: ['deploy'],
  categories: ['all'],
  namespaced: true,
  faces: [{ group: 'apps', version: 'v1', kind: 'Deployment', schema: DeploymentSchema }],
  subresources: {
    status: {
      verbs: ['get', 'patch', 'update'],
      validateUpdate: validateDeploymentStatusUpdate,
    },
    scale: {
      kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
      verbs: ['get', 'patch', 'update'],
      scale: { spec: '.spec.replicas', status: '.status.replicas', selector: '.spec.selector' },
    },
  },
  columns: [
    nameColumn,
    {
      name: 'Ready',
      value: (deployment) => `${deployment.status.readyReplicas ?? 0}/${deployment.spec.replicas}`,
    },
    {
      name: 'Up-to-date',
      type: 'integer',
      value: (deployment) => deployment.status.updatedReplicas ?? 0,
    },
    {
      name: 'Available',
      type: 'integer',
      value: (deployment) => deployment.status.availableReplicas ?? 0,
    },
    ageColumn,
    {
      ...containersColumn,
      value: (deployment) => containerNames(deployment.spec.template.spec.containers),
    },
    {
      ...imagesColumn,
      value: (deployment) => containerImages(deployment.spec.template.spec.containers),
    },
    {
      name: 'Selector',
      priority: 1,
      value: (deployment) => formatSelector(deployment.spec.selector),
    },
  ],
  validate: validateDeployment,
  validateUpdate: validateDeploymentUpdate,
})
export type Deployment = Whole<typeof DeploymentSchema>
export type DeploymentInput = InputObjectOf<typeof Deployment>
