import {
  mutable,
  type InputObjectOf,
  int32,
  int64,
  list,
  type Whole,
  pointer,
  quantity,
  type ReadOf,
  resource,
  string,
  struct,
  time,
  value,
} from '#machinery'
import { ageColumn, nameColumn } from '../columns.ts'
import { formatMetrics } from './metrics-columns.ts'
import { LabelSelector } from '../meta/label-selector.ts'
import {
  horizontalPodAutoscalerFromV1,
  horizontalPodAutoscalerToV1,
} from './horizontal-pod-autoscaler-conversion.ts'
import { HorizontalPodAutoscalerV1Schema } from './horizontal-pod-autoscaler-v1.ts'
import {
  validateHorizontalPodAutoscaler,
  validateHorizontalPodAutoscalerStatus,
} from './horizontal-pod-autoscaler-validation.ts'

export const HorizontalPodAutoscalerSchema = struct(
  'io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler',
  () => ({
    spec: value(HorizontalPodAutoscalerSpec, 2).required(),
    status: value(HorizontalPodAutoscalerStatus, 3),
  }),
)

/** Without metrics, the share of CPU is kept below this. */
const defaultMetric = {
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
} as const

export const HorizontalPodAutoscalerSpec = struct(
  'io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec',
  () => ({
    scaleTargetRef: value(CrossVersionObjectReference, 1).required(),
    minReplicas: int32(2).keep().default(1),
    maxReplicas: int32(3).emit().required(),
    metrics: list(MetricSpec, 4),
    behavior: pointer(HorizontalPodAutoscalerBehavior, 5),
  }),
  {
    defaults(spec) {
      spec.metrics ??= [mutable(defaultMetric)]
    },
  },
)
export type HorizontalPodAutoscalerSpec = ReadOf<typeof HorizontalPodAutoscalerSpec>

export const CrossVersionObjectReference = struct(
  'io.k8s.api.autoscaling.v2.CrossVersionObjectReference',
  () => ({
    kind: string(1).emit().required(),
    name: string(2).emit().required(),
    apiVersion: string(3),
  }),
)
export type CrossVersionObjectReference = ReadOf<typeof CrossVersionObjectReference>

export const MetricSpec = struct('io.k8s.api.autoscaling.v2.MetricSpec', () => ({
  type: string(1)
    .values('ContainerResource', 'External', 'Object', 'Pods', 'Resource')
    .emit()
    .required(),
  object: pointer(ObjectMetricSource, 2),
  pods: pointer(PodsMetricSource, 3),
  resource: pointer(ResourceMetricSource, 4),
  containerResource: pointer(ContainerResourceMetricSource, 7),
  external: pointer(ExternalMetricSource, 5),
}))
export type MetricSpec = ReadOf<typeof MetricSpec>

export const ObjectMetricSource = struct('io.k8s.api.autoscaling.v2.ObjectMetricSource', () => ({
  describedObject: value(CrossVersionObjectReference, 1).required(),
  target: value(MetricTarget, 2).required(),
  metric: value(MetricIdentifier, 3).required(),
}))
export type ObjectMetricSource = ReadOf<typeof ObjectMetricSource>

export const MetricTarget = struct('io.k8s.api.autoscaling.v2.MetricTarget', () => ({
  type: string(1).values('AverageValue', 'Utilization', 'Value').emit().required(),
  value: quantity(2),
  averageValue: quantity(3),
  averageUtilization: int32(4).keep(),
}))
export type MetricTarget = ReadOf<typeof MetricTarget>

export const MetricIdentifier = struct('io.k8s.api.autoscaling.v2.MetricIdentifier', () => ({
  name: string(1).emit().required(),
  selector: pointer(LabelSelector, 2),
}))
export type MetricIdentifier = ReadOf<typeof MetricIdentifier>

export const PodsMetricSource = struct('io.k8s.api.autoscaling.v2.PodsMetricSource', () => ({
  metric: value(MetricIdentifier, 1).required(),
  target: value(MetricTarget, 2).required(),
}))
export type PodsMetricSource = ReadOf<typeof PodsMetricSource>

export const ResourceMetricSource = struct(
  'io.k8s.api.autoscaling.v2.ResourceMetricSource',
  () => ({
    name: string(1).emit().required(),
    target: value(MetricTarget, 2).required(),
  }),
)
export type ResourceMetricSource = ReadOf<typeof ResourceMetricSource>

export const ContainerResourceMetricSource = struct(
  'io.k8s.api.autoscaling.v2.ContainerResourceMetricSource',
  () => ({
    name: string(1).emit().required(),
    target: value(MetricTarget, 2).required(),
    container: string(3).emit().required(),
  }),
)
export type ContainerResourceMetricSource = ReadOf<typeof ContainerResourceMetricSource>

export const ExternalMetricSource = struct(
  'io.k8s.api.autoscaling.v2.ExternalMetricSource',
  () => ({
    metric: value(MetricIdentifier, 1).required(),
    target: value(MetricTarget, 2).required(),
  }),
)
export type ExternalMetricSource = ReadOf<typeof ExternalMetricSource>

/** Up at once: by four pods or by as many as there are, whichever is more. */
const scaleUpRules = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
} as const

/** Down as far as needed; how long to wait is the controller's to say. */
const scaleDownRules = {
  selectPolicy: 'Max',
  policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
} as const

export const HorizontalPodAutoscalerBehavior = struct(
  'io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerBehavior',
  () => ({
    scaleUp: pointer(HPAScalingRules, 1),
    scaleDown: pointer(HPAScalingRules, 2),
  }),
  {
    defaults(behavior) {
      // Who says something of one direction gets the usual rules for the rest.
      behavior.scaleUp = { ...mutable(scaleUpRules), ...behavior.scaleUp }
      behavior.scaleDown = { ...mutable(scaleDownRules), ...behavior.scaleDown }
    },
  },
)
export type HorizontalPodAutoscalerBehavior = ReadOf<typeof HorizontalPodAutoscalerBehavior>

export const HPAScalingRules = struct('io.k8s.api.autoscaling.v2.HPAScalingRules', () => ({
  stabilizationWindowSeconds: int32(3).keep(),
  selectPolicy: string(1).values('Disabled', 'Max', 'Min').keep(),
  policies: list(HPAScalingPolicy, 2),
  tolerance: quantity(4),
}))
export type HPAScalingRules = ReadOf<typeof HPAScalingRules>

export const HPAScalingPolicy = struct('io.k8s.api.autoscaling.v2.HPAScalingPolicy', () => ({
  type: string(1).values('Percent', 'Pods').emit().required(),
  value: int32(2).emit().required(),
  periodSeconds: int32(3).emit().required(),
}))
export type HPAScalingPolicy = ReadOf<typeof HPAScalingPolicy>

export const HorizontalPodAutoscalerStatus = struct(
  'io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerStatus',
  () => ({
    observedGeneration: int64(1).keep(),
    lastScaleTime: time(2),
    currentReplicas: int32(3),
    desiredReplicas: int32(4).emit().required(),
    currentMetrics: list(MetricStatus, 5).orNull(),
    conditions: list(HorizontalPodAutoscalerCondition, 6).mapBy('type').patch('merge', 'type'),
  }),
)
export type HorizontalPodAutoscalerStatus = ReadOf<typeof HorizontalPodAutoscalerStatus>

export const MetricStatus = struct('io.k8s.api.autoscaling.v2.MetricStatus', () => ({
  type: string(1)
    .values('ContainerResource', 'External', 'Object', 'Pods', 'Resource')
    .emit()
    .required(),
  object: pointer(ObjectMetricStatus, 2),
  pods: pointer(PodsMetricStatus, 3),
  resource: pointer(ResourceMetricStatus, 4),
  containerResource: pointer(ContainerResourceMetricStatus, 7),
  external: pointer(ExternalMetricStatus, 5),
}))
export type MetricStatus = ReadOf<typeof MetricStatus>

export const ObjectMetricStatus = struct('io.k8s.api.autoscaling.v2.ObjectMetricStatus', () => ({
  metric: value(MetricIdentifier, 1).required(),
  current: value(MetricValueStatus, 2).required(),
  describedObject: value(CrossVersionObjectReference, 3).required(),
}))
export type ObjectMetricStatus = ReadOf<typeof ObjectMetricStatus>

export const MetricValueStatus = struct('io.k8s.api.autoscaling.v2.MetricValueStatus', () => ({
  value: quantity(1),
  averageValue: quantity(2),
  averageUtilization: int32(3).keep(),
}))
export type MetricValueStatus = ReadOf<typeof MetricValueStatus>

export const PodsMetricStatus = struct('io.k8s.api.autoscaling.v2.PodsMetricStatus', () => ({
  metric: value(MetricIdentifier, 1).required(),
  current: value(MetricValueStatus, 2).required(),
}))
export type PodsMetricStatus = ReadOf<typeof PodsMetricStatus>

export const ResourceMetricStatus = struct(
  'io.k8s.api.autoscaling.v2.ResourceMetricStatus',
  () => ({
    name: string(1).emit().required(),
    current: value(MetricValueStatus, 2).required(),
  }),
)
export type ResourceMetricStatus = ReadOf<typeof ResourceMetricStatus>

export const ContainerResourceMetricStatus = struct(
  'io.k8s.api.autoscaling.v2.ContainerResourceMetricStatus',
  () => ({
    name: string(1).emit().required(),
    current: value(MetricValueStatus, 2).required(),
    container: string(3).emit().required(),
  }),
)
export type ContainerResourceMetricStatus = ReadOf<typeof ContainerResourceMetricStatus>

export const ExternalMetricStatus = struct(
  'io.k8s.api.autoscaling.v2.ExternalMetricStatus',
  () => ({
    metric: value(MetricIdentifier, 1).required(),
    current: value(MetricValueStatus, 2).required(),
  }),
)
export type ExternalMetricStatus = ReadOf<typeof ExternalMetricStatus>

export const HorizontalPodAutoscalerCondition = struct(
  'io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerCondition',
  () => ({
    type: string(1).emit().required(),
    status: string(2).emit().required(),
    lastTransitionTime: time(3).orNull(),
    reason: string(4),
    message: string(5),
  }),
)
export type HorizontalPodAutoscalerCondition = ReadOf<typeof HorizontalPodAutoscalerCondition>

export const HorizontalPodAutoscaler = resource({
  name: 'horizontalpodautoscalers',
  shortNames: ['hpa'],
  categories: ['all'],
  namespaced: true,
  faces: [
    {
      group: 'autoscaling',
      version: 'v2',
      kind: 'HorizontalPodAutoscaler',
      schema: HorizontalPodAutoscalerSchema,
    },
    {
      group: 'autoscaling',
      version: 'v1',
      kind: 'HorizontalPodAutoscaler',
      schema: HorizontalPodAutoscalerV1Schema,
      toStorage: horizontalPodAutoscalerFromV1,
      fromStorage: horizontalPodAutoscalerToV1,
    },
  ],
  subresources: {
    status: {
      verbs: ['get', 'patch', 'update'],
      validateUpdate: validateHorizontalPodAutoscalerStatus,
    },
  },
  generation: false,
  validate: validateHorizontalPodAutoscaler,
  columns: [
    nameColumn,
    {
      name: 'Reference',
      value: (hpa) => `${hpa.spec.scaleTargetRef.kind}/${hpa.spec.scaleTargetRef.name}`,
    },
    { name: 'Targets', value: (hpa) => formatMetrics(hpa.spec.metrics, hpa.status.currentMetrics) },
    { name: 'MinPods', value: (hpa) => String(hpa.spec.minReplicas) },
    { name: 'MaxPods', type: 'integer', value: (hpa) => hpa.spec.maxReplicas },
    { name: 'Replicas', type: 'integer', value: (hpa) => hpa.status.currentReplicas ?? 0 },
    ageColumn,
  ],
})
export type HorizontalPodAutoscaler = Whole<typeof HorizontalPodAutoscalerSchema>
export type HorizontalPodAutoscalerInput = InputObjectOf<typeof HorizontalPodAutoscaler>
