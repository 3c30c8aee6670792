import { item, list, map, type ReadOf, string, struct } from '#machinery'
import { roundToMilli } from './resource-list.ts'

export const ResourceRequirements = struct(
  'io.k8s.api.core.v1.ResourceRequirements',
  () => ({
    limits: map(item.quantity, 1),
    requests: map(item.quantity, 2),
    claims: list(ContainerResourceClaim, 3).mapBy('name'),
  }),
  {
    defaults({ limits, requests }) {
      roundToMilli(limits)
      roundToMilli(requests)
    },
  },
)
export type ResourceRequirements = ReadOf<typeof ResourceRequirements>

export const ContainerResourceClaim = struct('io.k8s.api.core.v1.ResourceClaim', () => ({
  name: string(1).emit().required(),
  request: string(2),
}))
export type ContainerResourceClaim = ReadOf<typeof ContainerResourceClaim>

export const VolumeResourceRequirements = struct(
  'io.k8s.api.core.v1.VolumeResourceRequirements',
  () => ({
    limits: map(item.quantity, 1),
    requests: map(item.quantity, 2),
  }),
)
export type VolumeResourceRequirements = ReadOf<typeof VolumeResourceRequirements>
