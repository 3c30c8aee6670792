import { type ReadOf, string, struct } from '#machinery'

export const EventSource = struct('io.k8s.api.core.v1.EventSource', () => ({
  component: string(1),
  host: string(2),
}))
export type EventSource = ReadOf<typeof EventSource>

export const LocalObjectReference = struct(
  'io.k8s.api.core.v1.LocalObjectReference',
  () => ({
    name: string(1),
  }),
  { mapType: 'atomic' },
)
export type LocalObjectReference = ReadOf<typeof LocalObjectReference>

export const ObjectReference = struct(
  'io.k8s.api.core.v1.ObjectReference',
  () => ({
    kind: string(1),
    namespace: string(2),
    name: string(3),
    uid: string(4),
    apiVersion: string(5),
    resourceVersion: string(6),
    fieldPath: string(7),
  }),
  { mapType: 'atomic' },
)
export type ObjectReference = ReadOf<typeof ObjectReference>

export const SecretReference = struct(
  'io.k8s.api.core.v1.SecretReference',
  () => ({
    name: string(1),
    namespace: string(2),
  }),
  { mapType: 'atomic' },
)
export type SecretReference = ReadOf<typeof SecretReference>

export const TypedLocalObjectReference = struct(
  'io.k8s.api.core.v1.TypedLocalObjectReference',
  () => ({
    apiGroup: string(1).orNull(),
    kind: string(2).emit().required(),
    name: string(3).emit().required(),
  }),
  { mapType: 'atomic' },
)
export type TypedLocalObjectReference = ReadOf<typeof TypedLocalObjectReference>

export const TypedObjectReference = struct('io.k8s.api.core.v1.TypedObjectReference', () => ({
  apiGroup: string(1).orNull(),
  kind: string(2).emit().required(),
  name: string(3).emit().required(),
  namespace: string(4).keep().alpha('CrossNamespaceVolumeDataSource'),
}))
export type TypedObjectReference = ReadOf<typeof TypedObjectReference>
