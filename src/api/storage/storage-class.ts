import {
  boolean,
  type InputObjectOf,
  item,
  list,
  map,
  type Whole,
  resource,
  string,
  struct,
} from '#machinery'
import { ageColumn, nameColumn } from '../columns.ts'
import { displayName } from './default-class.ts'
import { TopologySelectorTerm } from '../core/node-selector.ts'
import { validateStorageClass, validateStorageClassUpdate } from './storage-class-validation.ts'

export const StorageClassSchema = struct('io.k8s.api.storage.v1.StorageClass', () => ({
  provisioner: string(2).emit().required(),
  parameters: map(item.string, 3),
  reclaimPolicy: string(4).keep().default('Delete'),
  mountOptions: list(item.string, 5),
  allowVolumeExpansion: boolean(6).keep(),
  volumeBindingMode: string(7)
    .values('Immediate', 'WaitForFirstConsumer')
    .keep()
    .default('Immediate'),
  allowedTopologies: list(TopologySelectorTerm, 8),
}))

export const StorageClass = resource({
  name: 'storageclasses',
  shortNames: ['sc'],
  namespaced: false,
  faces: [
    { group: 'storage.k8s.io', version: 'v1', kind: 'StorageClass', schema: StorageClassSchema },
  ],
  validate: validateStorageClass,
  validateUpdate: validateStorageClassUpdate,
  columns: [
    { ...nameColumn, value: (storage) => displayName(storage) },
    { name: 'Provisioner', value: (storage) => storage.provisioner },
    { name: 'ReclaimPolicy', value: (storage) => storage.reclaimPolicy },
    { name: 'VolumeBindingMode', value: (storage) => storage.volumeBindingMode },
    {
      name: 'AllowVolumeExpansion',
      type: 'boolean',
      value: (storage) => storage.allowVolumeExpansion ?? false,
    },
    ageColumn,
  ],
})
export type StorageClass = Whole<typeof StorageClassSchema>
export type StorageClassInput = InputObjectOf<typeof StorageClass>
