import { item, list, pointer, type ReadOf, string, struct, value } from '#machinery'
import { OpaqueDeviceConfiguration } from './device-class.ts'
import { DeviceRequest } from './device-request.ts'

export const ResourceClaimSpec = struct('io.k8s.api.resource.v1.ResourceClaimSpec', () => ({
  devices: value(DeviceClaim, 1),
}))
export type ResourceClaimSpec = ReadOf<typeof ResourceClaimSpec>

export const DeviceClaim = struct('io.k8s.api.resource.v1.DeviceClaim', () => ({
  requests: list(DeviceRequest, 1).orNull(),
  constraints: list(DeviceConstraint, 2),
  config: list(DeviceClaimConfiguration, 3),
}))
export type DeviceClaim = ReadOf<typeof DeviceClaim>

export const DeviceConstraint = struct('io.k8s.api.resource.v1.DeviceConstraint', () => ({
  requests: list(item.string, 1),
  matchAttribute: string(2).keep(),
  distinctAttribute: string(3).keep(),
}))
export type DeviceConstraint = ReadOf<typeof DeviceConstraint>

export const DeviceClaimConfiguration = struct(
  'io.k8s.api.resource.v1.DeviceClaimConfiguration',
  () => ({
    requests: list(item.string, 1),
    opaque: pointer(OpaqueDeviceConfiguration, 1).inlineIn(2),
  }),
)
export type DeviceClaimConfiguration = ReadOf<typeof DeviceClaimConfiguration>
