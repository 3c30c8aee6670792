import {
  type InputObjectOf,
  int32,
  item,
  list,
  type Whole,
  pointer,
  type ReadOf,
  resource,
  string,
  struct,
  value,
} from '#machinery'
import { ageColumn, nameColumn } from '../columns.ts'

export const CSINodeSchema = struct('io.k8s.api.storage.v1.CSINode', () => ({
  spec: value(CSINodeSpec, 2).required(),
}))

export const CSINodeSpec = struct('io.k8s.api.storage.v1.CSINodeSpec', () => ({
  drivers: list(CSINodeDriver, 1).orNull().mapBy('name').patch('merge', 'name').required(),
}))
export type CSINodeSpec = ReadOf<typeof CSINodeSpec>

export const CSINodeDriver = struct('io.k8s.api.storage.v1.CSINodeDriver', () => ({
  name: string(1).emit().required(),
  nodeID: string(2).emit().required(),
  topologyKeys: list(item.string, 3).orNull(),
  allocatable: pointer(VolumeNodeResources, 4),
}))
export type CSINodeDriver = ReadOf<typeof CSINodeDriver>

export const VolumeNodeResources = struct('io.k8s.api.storage.v1.VolumeNodeResources', () => ({
  count: int32(1).keep(),
}))
export type VolumeNodeResources = ReadOf<typeof VolumeNodeResources>

export const CSINode = resource({
  name: 'csinodes',
  namespaced: false,
  faces: [{ group: 'storage.k8s.io', version: 'v1', kind: 'CSINode', schema: CSINodeSchema }],
  unconditionalUpdate: false,
  columns: [
    nameColumn,
    { name: 'Drivers', type: 'integer', value: (node) => node.spec.drivers?.length ?? 0 },
    ageColumn,
  ],
})
export type CSINode = Whole<typeof CSINodeSchema>
export type CSINodeInput = InputObjectOf<typeof CSINode>
