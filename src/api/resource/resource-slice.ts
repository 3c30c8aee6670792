import {
  boolean,
  type InputObjectOf,
  int64,
  item,
  list,
  map,
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
import { NodeSelector } from '../core/node-selector.ts'

export const ResourceSliceSchema = struct('io.k8s.api.resource.v1.ResourceSlice', () => ({
  spec: value(ResourceSliceSpec, 2).required(),
}))

export const ResourceSliceSpec = struct('io.k8s.api.resource.v1.ResourceSliceSpec', () => ({
  driver: string(1).emit().required(),
  pool: value(ResourcePool, 2).required(),
  nodeName: string(3).keep(),
  nodeSelector: pointer(NodeSelector, 4),
  allNodes: boolean(5).keep(),
  devices: list(Device, 6),
  perDeviceNodeSelection: boolean(7).keep(),
  sharedCounters: list(DeviceCounterSet, 8),
}))
export type ResourceSliceSpec = ReadOf<typeof ResourceSliceSpec>

export const ResourcePool = struct('io.k8s.api.resource.v1.ResourcePool', () => ({
  name: string(1).emit().required(),
  generation: int64(2).emit().required(),
  resourceSliceCount: int64(3).emit().required(),
}))
export type ResourcePool = ReadOf<typeof ResourcePool>

export const Device = struct('io.k8s.api.resource.v1.Device', () => ({
  name: string(1).emit().required(),
  attributes: map(DeviceAttribute, 2),
  capacity: map(DeviceCapacity, 3),
  consumesCounters: list(DeviceCounterConsumption, 4),
  nodeName: string(5).keep(),
  nodeSelector: pointer(NodeSelector, 6),
  allNodes: boolean(7).keep(),
  taints: list(DeviceTaint, 8),
  bindsToNode: boolean(9).keep(),
  bindingConditions: list(item.string, 10),
  bindingFailureConditions: list(item.string, 11),
  allowMultipleAllocations: boolean(12).keep(),
  nodeAllocatableResourceMappings: map(NodeAllocatableResourceMapping, 13).alpha(
    'DRANodeAllocatableResources',
  ),
}))
export type Device = ReadOf<typeof Device>

export const DeviceAttribute = struct('io.k8s.api.resource.v1.DeviceAttribute', () => ({
  int: int64(2).keep(),
  bool: boolean(3).keep(),
  string: string(4).keep(),
  version: string(5).keep(),
  ints: list(item.int64, 6),
  bools: list(item.boolean, 7),
  strings: list(item.string, 8),
  versions: list(item.string, 9),
}))
export type DeviceAttribute = ReadOf<typeof DeviceAttribute>

export const DeviceCapacity = struct('io.k8s.api.resource.v1.DeviceCapacity', () => ({
  value: quantity(1).emit().required(),
  requestPolicy: pointer(CapacityRequestPolicy, 2),
}))
export type DeviceCapacity = ReadOf<typeof DeviceCapacity>

export const CapacityRequestPolicy = struct('io.k8s.api.resource.v1.CapacityRequestPolicy', () => ({
  default: quantity(1).orNull(),
  validValues: list(item.quantity, 3),
  validRange: pointer(CapacityRequestPolicyRange, 4),
}))
export type CapacityRequestPolicy = ReadOf<typeof CapacityRequestPolicy>

export const CapacityRequestPolicyRange = struct(
  'io.k8s.api.resource.v1.CapacityRequestPolicyRange',
  () => ({
    min: quantity(1).required(),
    max: quantity(2),
    step: quantity(3),
  }),
)
export type CapacityRequestPolicyRange = ReadOf<typeof CapacityRequestPolicyRange>

export const DeviceCounterConsumption = struct(
  'io.k8s.api.resource.v1.DeviceCounterConsumption',
  () => ({
    counterSet: string(1).emit().required(),
    counters: map(DeviceCounter, 2).required(),
  }),
)
export type DeviceCounterConsumption = ReadOf<typeof DeviceCounterConsumption>

export const DeviceCounter = struct('io.k8s.api.resource.v1.Counter', () => ({
  value: quantity(1).emit().required(),
}))
export type DeviceCounter = ReadOf<typeof DeviceCounter>

export const DeviceTaint = struct('io.k8s.api.resource.v1.DeviceTaint', () => ({
  key: string(1).emit().required(),
  value: string(2),
  effect: string(3).values('NoExecute', 'NoSchedule', 'None').emit().required(),
  timeAdded: time(4),
}))
export type DeviceTaint = ReadOf<typeof DeviceTaint>

export const NodeAllocatableResourceMapping = struct(
  'io.k8s.api.resource.v1.NodeAllocatableResourceMapping',
  () => ({
    capacityKey: string(1).keep(),
    allocationMultiplier: quantity(2),
  }),
)
export type NodeAllocatableResourceMapping = ReadOf<typeof NodeAllocatableResourceMapping>

export const DeviceCounterSet = struct('io.k8s.api.resource.v1.CounterSet', () => ({
  name: string(1).emit().required(),
  counters: map(DeviceCounter, 2).required(),
}))
export type DeviceCounterSet = ReadOf<typeof DeviceCounterSet>

export const ResourceSlice = resource({
  name: 'resourceslices',
  namespaced: false,
  faces: [
    { group: 'resource.k8s.io', version: 'v1', kind: 'ResourceSlice', schema: ResourceSliceSchema },
  ],
  generation: true,
  columns: [
    nameColumn,
    { name: 'Node', value: (slice) => slice.spec.nodeName ?? '<unset>' },
    { name: 'Driver', value: (slice) => slice.spec.driver },
    { name: 'Pool', value: (slice) => slice.spec.pool.name },
    ageColumn,
  ],
  selectableFields: [
    { path: 'spec.nodeName', value: (slice) => slice.spec.nodeName ?? '' },
    { path: 'spec.driver', value: (slice) => slice.spec.driver },
  ],
})
export type ResourceSlice = Whole<typeof ResourceSliceSchema>
export type ResourceSliceInput = InputObjectOf<typeof ResourceSlice>
