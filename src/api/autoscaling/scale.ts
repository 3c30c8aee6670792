import { int32, type ReadOf, string, struct, value } from '#machinery'

export const ScaleSchema = struct('io.k8s.api.autoscaling.v1.Scale', () => ({
  spec: value(ScaleSpec, 2),
  status: value(ScaleStatus, 3),
}))

export const ScaleSpec = struct('io.k8s.api.autoscaling.v1.ScaleSpec', () => ({
  replicas: int32(1),
}))
export type ScaleSpec = ReadOf<typeof ScaleSpec>

export const ScaleStatus = struct('io.k8s.api.autoscaling.v1.ScaleStatus', () => ({
  replicas: int32(1).emit().required(),
  selector: string(2),
}))
export type ScaleStatus = ReadOf<typeof ScaleStatus>
