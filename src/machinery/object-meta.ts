import { boolean, int64, item, list, map, raw, string, struct, time } from './schema/builder.ts'
import type { InputOf, MutableOf, ReadOf } from './schema/types.ts'

/** Metadata that every kind shares (API conventions, "Metadata"). */
export const OwnerReference = struct(
  'io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference',
  () => ({
    apiVersion: string(5).emit().required(),
    kind: string(1).emit().required(),
    name: string(3).emit().required(),
    uid: string(4).emit().required(),
    controller: boolean(6).keep(),
    blockOwnerDeletion: boolean(7).keep(),
  }),
  { mapType: 'atomic' },
)
export type OwnerReference = ReadOf<typeof OwnerReference>

export const ManagedFieldsEntry = struct(
  'io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry',
  () => ({
    manager: string(1),
    operation: string(2).values('Apply', 'Update'),
    apiVersion: string(3),
    time: time(4),
    fieldsType: string(6),
    fieldsV1: raw('io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1', 7),
    subresource: string(8),
  }),
)
export type ManagedFieldsEntry = ReadOf<typeof ManagedFieldsEntry>

export const ObjectMeta = struct('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta', () => ({
  name: string(1),
  generateName: string(2),
  namespace: string(3),
  selfLink: string(4),
  uid: string(5),
  resourceVersion: string(6),
  generation: int64(7),
  creationTimestamp: time(8).dropZero(),
  deletionTimestamp: time(9),
  deletionGracePeriodSeconds: int64(10).keep(),
  labels: map(item.string, 11),
  annotations: map(item.string, 12),
  ownerReferences: list(OwnerReference, 13).mapBy('uid').patch('merge', 'uid'),
  finalizers: list(item.string, 14).set().patch('merge'),
  managedFields: list(ManagedFieldsEntry, 17),
}))
export type ObjectMeta = ReadOf<typeof ObjectMeta>
export type ObjectMetaInput = InputOf<typeof ObjectMeta>
export type ObjectMetaDraft = MutableOf<typeof ObjectMeta>
