import {
  type InputObjectOf,
  type Whole,
  pointer,
  quantity,
  resource,
  string,
  struct,
} from '#machinery'
import { nameColumn } from '../columns.ts'
import { LabelSelector } from '../meta/label-selector.ts'

export const CSIStorageCapacitySchema = struct('io.k8s.api.storage.v1.CSIStorageCapacity', () => ({
  nodeTopology: pointer(LabelSelector, 2),
  storageClassName: string(3).emit().required(),
  capacity: quantity(4),
  maximumVolumeSize: quantity(5),
}))

export const CSIStorageCapacity = resource({
  name: 'csistoragecapacities',
  namespaced: true,
  faces: [
    {
      group: 'storage.k8s.io',
      version: 'v1',
      kind: 'CSIStorageCapacity',
      schema: CSIStorageCapacitySchema,
    },
  ],
  unconditionalUpdate: false,
  columns: [
    nameColumn,
    { name: 'StorageClassName', value: (capacity) => capacity.storageClassName },
    { name: 'Capacity', value: (capacity) => capacity.capacity ?? '<unset>' },
  ],
})
export type CSIStorageCapacity = Whole<typeof CSIStorageCapacitySchema>
export type CSIStorageCapacityInput = InputObjectOf<typeof CSIStorageCapacity>
