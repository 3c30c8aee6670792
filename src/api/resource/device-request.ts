import { boolean, int64, item, list, map, pointer, type ReadOf, string, struct } from '#machinery'
import { DeviceSelector } from './device-class.ts'

export const DeviceRequest = struct('io.k8s.api.resource.v1.DeviceRequest', () => ({
  name: string(1).emit().required(),
  exactly: pointer(ExactDeviceRequest, 2),
  firstAvailable: list(DeviceSubRequest, 3),
}))
export type DeviceRequest = ReadOf<typeof DeviceRequest>

export const ExactDeviceRequest = struct('io.k8s.api.resource.v1.ExactDeviceRequest', () => ({
  deviceClassName: string(1).emit().required(),
  selectors: list(DeviceSelector, 2),
  allocationMode: string(3),
  count: int64(4),
  adminAccess: boolean(5).keep(),
  tolerations: list(DeviceToleration, 6),
  capacity: pointer(CapacityRequirements, 7),
}))
export type ExactDeviceRequest = ReadOf<typeof ExactDeviceRequest>

export const DeviceToleration = struct('io.k8s.api.resource.v1.DeviceToleration', () => ({
  key: string(1),
  operator: string(2).values('Equal', 'Exists').default('Equal'),
  value: string(3),
  effect: string(4).values('NoExecute', 'NoSchedule', 'None'),
  tolerationSeconds: int64(5).keep(),
}))
export type DeviceToleration = ReadOf<typeof DeviceToleration>

export const CapacityRequirements = struct('io.k8s.api.resource.v1.CapacityRequirements', () => ({
  requests: map(item.quantity, 1),
}))
export type CapacityRequirements = ReadOf<typeof CapacityRequirements>

export const DeviceSubRequest = struct('io.k8s.api.resource.v1.DeviceSubRequest', () => ({
  name: string(1).emit().required(),
  deviceClassName: string(2).emit().required(),
  selectors: list(DeviceSelector, 3),
  allocationMode: string(4),
  count: int64(5),
  tolerations: list(DeviceToleration, 6),
  capacity: pointer(CapacityRequirements, 7),
}))
export type DeviceSubRequest = ReadOf<typeof DeviceSubRequest>
