import {
  boolean,
  type InputObjectOf,
  item,
  list,
  map,
  type Whole,
  pointer,
  raw,
  type ReadOf,
  resource,
  string,
  struct,
  time,
  value,
} from '#machinery'
import { ageColumn, nameColumn } from '../columns.ts'
import { NodeSelector } from '../core/node-selector.ts'
import { Condition } from '../meta/condition.ts'
import { OpaqueDeviceConfiguration } from './device-class.ts'
import { DeviceToleration } from './device-request.ts'
import { ResourceClaimSpec } from './resource-claim-spec.ts'

export const ResourceClaimSchema = struct('io.k8s.api.resource.v1.ResourceClaim', () => ({
  spec: value(ResourceClaimSpec, 2).required(),
  status: value(ResourceClaimStatus, 3),
}))

export const ResourceClaimStatus = struct('io.k8s.api.resource.v1.ResourceClaimStatus', () => ({
  allocation: pointer(AllocationResult, 1),
  reservedFor: list(ResourceClaimConsumerReference, 2).mapBy('uid').patch('merge', 'uid'),
  devices: list(AllocatedDeviceStatus, 4).mapBy('driver', 'device', 'pool', 'shareID'),
}))
export type ResourceClaimStatus = ReadOf<typeof ResourceClaimStatus>

export const AllocationResult = struct('io.k8s.api.resource.v1.AllocationResult', () => ({
  devices: value(DeviceAllocationResult, 1),
  nodeSelector: pointer(NodeSelector, 3),
  allocationTimestamp: time(5),
}))
export type AllocationResult = ReadOf<typeof AllocationResult>

export const DeviceAllocationResult = struct(
  'io.k8s.api.resource.v1.DeviceAllocationResult',
  () => ({
    results: list(DeviceRequestAllocationResult, 1),
    config: list(DeviceAllocationConfiguration, 2),
  }),
)
export type DeviceAllocationResult = ReadOf<typeof DeviceAllocationResult>

export const DeviceRequestAllocationResult = struct(
  'io.k8s.api.resource.v1.DeviceRequestAllocationResult',
  () => ({
    request: string(1).emit().required(),
    driver: string(2).emit().required(),
    pool: string(3).emit().required(),
    device: string(4).emit().required(),
    adminAccess: boolean(5).keep(),
    tolerations: list(DeviceToleration, 6),
    bindingConditions: list(item.string, 7),
    bindingFailureConditions: list(item.string, 8),
    shareID: string(9).keep(),
    consumedCapacity: map(item.quantity, 10),
  }),
)
export type DeviceRequestAllocationResult = ReadOf<typeof DeviceRequestAllocationResult>

export const DeviceAllocationConfiguration = struct(
  'io.k8s.api.resource.v1.DeviceAllocationConfiguration',
  () => ({
    source: string(1).values('FromClaim', 'FromClass').emit().required(),
    requests: list(item.string, 2),
    opaque: pointer(OpaqueDeviceConfiguration, 1).inlineIn(3),
  }),
)
export type DeviceAllocationConfiguration = ReadOf<typeof DeviceAllocationConfiguration>

export const ResourceClaimConsumerReference = struct(
  'io.k8s.api.resource.v1.ResourceClaimConsumerReference',
  () => ({
    apiGroup: string(1),
    resource: string(3).emit().required(),
    name: string(4).emit().required(),
    uid: string(5).emit().required(),
  }),
)
export type ResourceClaimConsumerReference = ReadOf<typeof ResourceClaimConsumerReference>

export const AllocatedDeviceStatus = struct('io.k8s.api.resource.v1.AllocatedDeviceStatus', () => ({
  driver: string(1).emit().required(),
  pool: string(2).emit().required(),
  device: string(3).emit().required(),
  shareID: string(7).keep(),
  conditions: list(Condition, 4).orNull().mapBy('type'),
  data: raw('io.k8s.apimachinery.pkg.runtime.RawExtension', 5),
  networkData: pointer(NetworkDeviceData, 6),
}))
export type AllocatedDeviceStatus = ReadOf<typeof AllocatedDeviceStatus>

export const NetworkDeviceData = struct('io.k8s.api.resource.v1.NetworkDeviceData', () => ({
  interfaceName: string(1),
  ips: list(item.string, 2),
  hardwareAddress: string(3),
}))
export type NetworkDeviceData = ReadOf<typeof NetworkDeviceData>

export const ResourceClaim = resource({
  name: 'resourceclaims',
  namespaced: true,
  faces: [
    { group: 'resource.k8s.io', version: 'v1', kind: 'ResourceClaim', schema: ResourceClaimSchema },
  ],
  subresources: {
    status: true,
  },
  generation: false,
  columns: [nameColumn, { name: 'State', value: (claim) => claimState(claim) }, ageColumn],
})
export type ResourceClaim = Whole<typeof ResourceClaimSchema>
export type ResourceClaimInput = InputObjectOf<typeof ResourceClaim>

function claimState(claim: ResourceClaim): string {
  const deleted = claim.metadata.deletionTimestamp !== undefined
  const words = deleted ? ['deleted'] : []
  if (claim.status.allocation !== undefined) {
    words.push('allocated')
    if (claim.status.reservedFor !== undefined) words.push('reserved')
  } else if (!deleted) words.push('pending')
  return words.join(',')
}
