import { boolean, pointer, quantity, type ReadOf, string, struct } from '#machinery'

export const EnvFromSource = struct('io.k8s.api.core.v1.EnvFromSource', () => ({
  prefix: string(1),
  configMapRef: pointer(ConfigMapEnvSource, 2),
  secretRef: pointer(SecretEnvSource, 3),
}))
export type EnvFromSource = ReadOf<typeof EnvFromSource>

export const ConfigMapEnvSource = struct('io.k8s.api.core.v1.ConfigMapEnvSource', () => ({
  name: string(1).inlineIn(1),
  optional: boolean(2).keep(),
}))
export type ConfigMapEnvSource = ReadOf<typeof ConfigMapEnvSource>

export const SecretEnvSource = struct('io.k8s.api.core.v1.SecretEnvSource', () => ({
  name: string(1).inlineIn(1),
  optional: boolean(2).keep(),
}))
export type SecretEnvSource = ReadOf<typeof SecretEnvSource>

export const EnvVar = struct('io.k8s.api.core.v1.EnvVar', () => ({
  name: string(1).emit().required(),
  value: string(2),
  valueFrom: pointer(EnvVarSource, 3),
}))
export type EnvVar = ReadOf<typeof EnvVar>

export const EnvVarSource = struct('io.k8s.api.core.v1.EnvVarSource', () => ({
  fieldRef: pointer(ObjectFieldSelector, 1),
  resourceFieldRef: pointer(ResourceFieldSelector, 2),
  configMapKeyRef: pointer(ConfigMapKeySelector, 3),
  secretKeyRef: pointer(SecretKeySelector, 4),
  fileKeyRef: pointer(FileKeySelector, 5),
}))
export type EnvVarSource = ReadOf<typeof EnvVarSource>

export const ObjectFieldSelector = struct(
  'io.k8s.api.core.v1.ObjectFieldSelector',
  () => ({
    apiVersion: string(1).default('v1'),
    fieldPath: string(2).emit().required(),
  }),
  { mapType: 'atomic' },
)
export type ObjectFieldSelector = ReadOf<typeof ObjectFieldSelector>

export const ResourceFieldSelector = struct(
  'io.k8s.api.core.v1.ResourceFieldSelector',
  () => ({
    containerName: string(1),
    resource: string(2).emit().required(),
    divisor: quantity(3).emit(),
  }),
  { mapType: 'atomic' },
)
export type ResourceFieldSelector = ReadOf<typeof ResourceFieldSelector>

export const ConfigMapKeySelector = struct(
  'io.k8s.api.core.v1.ConfigMapKeySelector',
  () => ({
    name: string(1).inlineIn(1),
    key: string(2).emit().required(),
    optional: boolean(3).keep(),
  }),
  { mapType: 'atomic' },
)
export type ConfigMapKeySelector = ReadOf<typeof ConfigMapKeySelector>

export const SecretKeySelector = struct(
  'io.k8s.api.core.v1.SecretKeySelector',
  () => ({
    name: string(1).inlineIn(1),
    key: string(2).emit().required(),
    optional: boolean(3).keep(),
  }),
  { mapType: 'atomic' },
)
export type SecretKeySelector = ReadOf<typeof SecretKeySelector>

export const FileKeySelector = struct(
  'io.k8s.api.core.v1.FileKeySelector',
  () => ({
    volumeName: string(1).emit().required(),
    path: string(2).emit().required(),
    key: string(3).emit().required(),
    optional: boolean(4).keep(),
  }),
  { mapType: 'atomic' },
)
export type FileKeySelector = ReadOf<typeof FileKeySelector>
