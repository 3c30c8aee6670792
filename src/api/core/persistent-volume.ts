import {
  type InputObjectOf,
  type Whole,
  type ReadOf,
  resource,
  string,
  struct,
  time,
  value,
} from '#machinery'
import { ageColumn, nameColumn } from '../columns.ts'
import { claimName, formatAccessModes } from './persistent-volume-columns.ts'
import { PersistentVolumeSpec } from './persistent-volume-spec.ts'
import { prepareForCreate, prepareForStatusUpdate } from './persistent-volume-strategy.ts'
import {
  validatePersistentVolume,
  validatePersistentVolumeUpdate,
} from './persistent-volume-validation.ts'

export const PersistentVolumeSchema = struct('io.k8s.api.core.v1.PersistentVolume', () => ({
  spec: value(PersistentVolumeSpec, 2),
  status: value(PersistentVolumeStatus, 3),
}))

export const PersistentVolumeStatus = struct('io.k8s.api.core.v1.PersistentVolumeStatus', () => ({
  phase: string(1).values('Available', 'Bound', 'Failed', 'Pending', 'Released').default('Pending'),
  message: string(2),
  reason: string(3),
  lastPhaseTransitionTime: time(4),
}))
export type PersistentVolumeStatus = ReadOf<typeof PersistentVolumeStatus>

export const PersistentVolume = resource({
  name: 'persistentvolumes',
  shortNames: ['pv'],
  namespaced: false,
  returnsDeleted: true,
  faces: [{ group: '', version: 'v1', kind: 'PersistentVolume', schema: PersistentVolumeSchema }],
  subresources: {
    status: { verbs: ['get', 'patch', 'update'], prepareForUpdate: prepareForStatusUpdate },
  },
  generation: false,
  columns: [
    nameColumn,
    { name: 'Capacity', value: (volume) => volume.spec.capacity?.['storage'] ?? '' },
    { name: 'Access Modes', value: (volume) => formatAccessModes(volume.spec.accessModes) },
    { name: 'Reclaim Policy', value: (volume) => volume.spec.persistentVolumeReclaimPolicy },
    {
      name: 'Status',
      value: (volume) =>
        volume.metadata.deletionTimestamp === undefined ? volume.status.phase : 'Terminating',
    },
    { name: 'Claim', value: (volume) => claimName(volume.spec.claimRef) },
    {
      name: 'StorageClass',
      value: (volume) =>
        volume.metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ??
        volume.spec.storageClassName ??
        '',
    },
    {
      name: 'VolumeAttributesClass',
      value: (volume) => volume.spec.volumeAttributesClassName ?? '<unset>',
    },
    { name: 'Reason', value: (volume) => volume.status.reason ?? '' },
    ageColumn,
    { name: 'VolumeMode', priority: 1, value: (volume) => volume.spec.volumeMode },
  ],
  prepareForCreate,
  validate: validatePersistentVolume,
  validateUpdate: validatePersistentVolumeUpdate,
})
export type PersistentVolume = Whole<typeof PersistentVolumeSchema>
export type PersistentVolumeInput = InputObjectOf<typeof PersistentVolume>
