import { int32, list, pointer, type ReadOf, string, struct, value } from '#machinery'
import { ListMeta } from './list-meta.ts'

export const Status = struct('io.k8s.apimachinery.pkg.apis.meta.v1.Status', () => ({
  kind: string(0),
  apiVersion: string(0),
  metadata: value(ListMeta, 1),
  status: string(2),
  message: string(3),
  reason: string(4),
  details: pointer(StatusDetails, 5),
  code: int32(6),
}))
export type Status = ReadOf<typeof Status>

export const StatusDetails = struct('io.k8s.apimachinery.pkg.apis.meta.v1.StatusDetails', () => ({
  name: string(1),
  group: string(2),
  kind: string(3),
  uid: string(6),
  causes: list(StatusCause, 4),
  retryAfterSeconds: int32(5),
}))
export type StatusDetails = ReadOf<typeof StatusDetails>

export const StatusCause = struct('io.k8s.apimachinery.pkg.apis.meta.v1.StatusCause', () => ({
  reason: string(1),
  message: string(2),
  field: string(3),
}))
export type StatusCause = ReadOf<typeof StatusCause>
