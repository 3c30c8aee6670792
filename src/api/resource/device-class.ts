import {
  type InputObjectOf,
  list,
  type Whole,
  pointer,
  raw,
  type ReadOf,
  resource,
  string,
  struct,
  value,
} from '#machinery'
import { ageColumn, nameColumn } from '../columns.ts'

export const DeviceClassSchema = struct('io.k8s.api.resource.v1.DeviceClass', () => ({
  spec: value(DeviceClassSpec, 2).required(),
}))

export const DeviceClassSpec = struct('io.k8s.api.resource.v1.DeviceClassSpec', () => ({
  selectors: list(DeviceSelector, 1),
  config: list(DeviceClassConfiguration, 2),
  extendedResourceName: string(4).keep(),
}))
export type DeviceClassSpec = ReadOf<typeof DeviceClassSpec>

export const DeviceSelector = struct('io.k8s.api.resource.v1.DeviceSelector', () => ({
  cel: pointer(CELDeviceSelector, 1),
}))
export type DeviceSelector = ReadOf<typeof DeviceSelector>

export const CELDeviceSelector = struct('io.k8s.api.resource.v1.CELDeviceSelector', () => ({
  expression: string(1).emit().required(),
}))
export type CELDeviceSelector = ReadOf<typeof CELDeviceSelector>

export const DeviceClassConfiguration = struct(
  'io.k8s.api.resource.v1.DeviceClassConfiguration',
  () => ({
    opaque: pointer(OpaqueDeviceConfiguration, 1).inlineIn(1),
  }),
)
export type DeviceClassConfiguration = ReadOf<typeof DeviceClassConfiguration>

export const OpaqueDeviceConfiguration = struct(
  'io.k8s.api.resource.v1.OpaqueDeviceConfiguration',
  () => ({
    driver: string(1).emit().required(),
    parameters: raw('io.k8s.apimachinery.pkg.runtime.RawExtension', 2).emit().required(),
  }),
)
export type OpaqueDeviceConfiguration = ReadOf<typeof OpaqueDeviceConfiguration>

export const DeviceClass = resource({
  name: 'deviceclasses',
  namespaced: false,
  faces: [
    { group: 'resource.k8s.io', version: 'v1', kind: 'DeviceClass', schema: DeviceClassSchema },
  ],
  generation: true,
  columns: [nameColumn, ageColumn],
})
export type DeviceClass = Whole<typeof DeviceClassSchema>
export type DeviceClassInput = InputObjectOf<typeof DeviceClass>
