import { list, ObjectMeta, oneOf, pointer, type ReadOf, string, struct, value } from '#machinery'
import { LabelSelector } from '../meta/label-selector.ts'
import { TypedLocalObjectReference, TypedObjectReference } from './object-reference.ts'
import { VolumeResourceRequirements } from './resource-requirements.ts'

export const PersistentVolumeClaimTemplate = struct(
  'io.k8s.api.core.v1.PersistentVolumeClaimTemplate',
  () => ({
    metadata: value(ObjectMeta, 1),
    spec: value(PersistentVolumeClaimSpec, 2).required(),
  }),
)
export type PersistentVolumeClaimTemplate = ReadOf<typeof PersistentVolumeClaimTemplate>

export const PersistentVolumeClaimSpec = struct(
  'io.k8s.api.core.v1.PersistentVolumeClaimSpec',
  () => ({
    accessModes: list(
      oneOf('ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'),
      1,
    ),
    selector: pointer(LabelSelector, 4),
    resources: value(VolumeResourceRequirements, 2),
    volumeName: string(3),
    storageClassName: string(5).keep(),
    volumeMode: string(6).values('Block', 'Filesystem').keep().default('Filesystem'),
    dataSource: pointer(TypedLocalObjectReference, 7),
    dataSourceRef: pointer(TypedObjectReference, 8),
    volumeAttributesClassName: string(9).keep(),
  }),
)
export type PersistentVolumeClaimSpec = ReadOf<typeof PersistentVolumeClaimSpec>
