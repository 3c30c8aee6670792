import {
  ObjectMeta,
  type InputObjectOf,
  item,
  list,
  map,
  type Whole,
  oneOf,
  pointer,
  type ReadOf,
  resource,
  string,
  struct,
  time,
  value,
} from '#machinery'
import { ageColumn, nameColumn } from '../columns.ts'
import { formatAccessModes } from './persistent-volume-columns.ts'
import { PersistentVolumeClaimSpec } from './persistent-volume-claim-spec.ts'
import {
  validatePersistentVolumeClaim,
  validatePersistentVolumeClaimUpdate,
} from './persistent-volume-claim-validation.ts'

export const PersistentVolumeClaimSchema = struct(
  'io.k8s.api.core.v1.PersistentVolumeClaim',
  () => ({
    spec: value(PersistentVolumeClaimSpec, 2),
    status: value(PersistentVolumeClaimStatus, 3),
  }),
)

export const PersistentVolumeClaimStatus = struct(
  'io.k8s.api.core.v1.PersistentVolumeClaimStatus',
  () => ({
    phase: string(1).values('Bound', 'Lost', 'Pending').default('Pending'),
    accessModes: list(
      oneOf('ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'),
      2,
    ),
    capacity: map(item.quantity, 3),
    conditions: list(PersistentVolumeClaimCondition, 4).mapBy('type').patch('merge', 'type'),
    allocatedResources: map(item.quantity, 5),
    allocatedResourceStatuses: map(item.string, 7),
    currentVolumeAttributesClassName: string(8).keep(),
    modifyVolumeStatus: pointer(ModifyVolumeStatus, 9),
  }),
)
export type PersistentVolumeClaimStatus = ReadOf<typeof PersistentVolumeClaimStatus>

export const PersistentVolumeClaimCondition = struct(
  'io.k8s.api.core.v1.PersistentVolumeClaimCondition',
  () => ({
    type: string(1).emit().required(),
    status: string(2).values('False', 'True', 'Unknown').emit().required(),
    lastProbeTime: time(3).orNull(),
    lastTransitionTime: time(4).orNull(),
    reason: string(5),
    message: string(6),
  }),
)
export type PersistentVolumeClaimCondition = ReadOf<typeof PersistentVolumeClaimCondition>

export const ModifyVolumeStatus = struct('io.k8s.api.core.v1.ModifyVolumeStatus', () => ({
  targetVolumeAttributesClassName: string(1),
  status: string(2).values('InProgress', 'Infeasible', 'Pending').emit().required(),
}))
export type ModifyVolumeStatus = ReadOf<typeof ModifyVolumeStatus>

/** A claim inside another object, as StatefulSets carry them: with its TypeMeta and metadata. */
export const PersistentVolumeClaimTemplateObject = struct(
  'io.k8s.api.core.v1.PersistentVolumeClaim',
  () => ({
    kind: string(0),
    apiVersion: string(0),
    metadata: value(ObjectMeta, 1),
    ...PersistentVolumeClaimSchema.fields,
  }),
  {
    defaults(claim) {
      claim.kind ??= 'PersistentVolumeClaim'
      claim.apiVersion ??= 'v1'
    },
  },
)
export type PersistentVolumeClaimTemplateObject = ReadOf<typeof PersistentVolumeClaimTemplateObject>

export const PersistentVolumeClaim = resource({
  name: 'persistentvolumeclaims',
  shortNames: ['pvc'],
  namespaced: true,
  returnsDeleted: true,
  faces: [
    {
      group: '',
      version: 'v1',
      kind: 'PersistentVolumeClaim',
      schema: PersistentVolumeClaimSchema,
    },
  ],
  subresources: {
    status: true,
  },
  generation: false,
  columns: [
    nameColumn,
    {
      name: 'Status',
      value: (claim) =>
        claim.metadata.deletionTimestamp === undefined ? claim.status.phase : 'Terminating',
    },
    { name: 'Volume', value: (claim) => claim.spec.volumeName ?? '' },
    {
      name: 'Capacity',
      value: (claim) =>
        claim.spec.volumeName === undefined ? '' : (claim.status.capacity?.['storage'] ?? '0'),
    },
    {
      name: 'Access Modes',
      value: (claim) =>
        claim.spec.volumeName === undefined ? '' : formatAccessModes(claim.status.accessModes),
    },
    {
      name: 'StorageClass',
      value: (claim) =>
        claim.metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ??
        claim.spec.storageClassName ??
        '',
    },
    {
      name: 'VolumeAttributesClass',
      value: (claim) => claim.spec.volumeAttributesClassName ?? '<unset>',
    },
    ageColumn,
    { name: 'VolumeMode', priority: 1, value: (claim) => claim.spec.volumeMode },
  ],
  prepareForCreate: (claim) => {
    claim.status = { phase: 'Pending' }
  },
  validate: validatePersistentVolumeClaim,
  validateUpdate: validatePersistentVolumeClaimUpdate,
})
export type PersistentVolumeClaim = Whole<typeof PersistentVolumeClaimSchema>
export type PersistentVolumeClaimInput = InputObjectOf<typeof PersistentVolumeClaim>
