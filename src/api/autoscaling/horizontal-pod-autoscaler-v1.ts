import { int32, int64, type ReadOf, string, struct, time, value } from '#machinery'

export const HorizontalPodAutoscalerV1Schema = struct(
  'io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler',
  () => ({
    spec: value(HorizontalPodAutoscalerSpecV1, 2).required(),
    status: value(HorizontalPodAutoscalerStatusV1, 3),
  }),
)

export const HorizontalPodAutoscalerSpecV1 = struct(
  'io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerSpec',
  () => ({
    scaleTargetRef: value(CrossVersionObjectReferenceV1, 1).required(),
    minReplicas: int32(2).keep().default(1),
    maxReplicas: int32(3).emit().required(),
    targetCPUUtilizationPercentage: int32(4).keep(),
  }),
)
export type HorizontalPodAutoscalerSpecV1 = ReadOf<typeof HorizontalPodAutoscalerSpecV1>

export const CrossVersionObjectReferenceV1 = struct(
  'io.k8s.api.autoscaling.v1.CrossVersionObjectReference',
  () => ({
    kind: string(1).emit().required(),
    name: string(2).emit().required(),
    apiVersion: string(3),
  }),
  { mapType: 'atomic' },
)
export type CrossVersionObjectReferenceV1 = ReadOf<typeof CrossVersionObjectReferenceV1>

export const HorizontalPodAutoscalerStatusV1 = struct(
  'io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerStatus',
  () => ({
    observedGeneration: int64(1).keep(),
    lastScaleTime: time(2),
    currentReplicas: int32(3).emit().required(),
    desiredReplicas: int32(4).emit().required(),
    currentCPUUtilizationPercentage: int32(5).keep(),
  }),
)
export type HorizontalPodAutoscalerStatusV1 = ReadOf<typeof HorizontalPodAutoscalerStatusV1>
