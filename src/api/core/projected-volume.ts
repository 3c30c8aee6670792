import {
  boolean,
  int32,
  int64,
  item,
  list,
  map,
  pointer,
  type ReadOf,
  string,
  struct,
} from '#machinery'
import { LabelSelector } from '../meta/label-selector.ts'
import { ObjectFieldSelector, ResourceFieldSelector } from './env.ts'

export const DownwardAPIVolumeSource = struct('io.k8s.api.core.v1.DownwardAPIVolumeSource', () => ({
  items: list(DownwardAPIVolumeFile, 1),
  defaultMode: int32(2).keep().default(0o644),
}))
export type DownwardAPIVolumeSource = ReadOf<typeof DownwardAPIVolumeSource>

export const DownwardAPIVolumeFile = struct('io.k8s.api.core.v1.DownwardAPIVolumeFile', () => ({
  path: string(1).emit().required(),
  fieldRef: pointer(ObjectFieldSelector, 2),
  resourceFieldRef: pointer(ResourceFieldSelector, 3),
  mode: int32(4).keep(),
}))
export type DownwardAPIVolumeFile = ReadOf<typeof DownwardAPIVolumeFile>

export const ProjectedVolumeSource = struct('io.k8s.api.core.v1.ProjectedVolumeSource', () => ({
  sources: list(VolumeProjection, 1).orNull(),
  defaultMode: int32(2).keep().default(0o644),
}))
export type ProjectedVolumeSource = ReadOf<typeof ProjectedVolumeSource>

export const VolumeProjection = struct('io.k8s.api.core.v1.VolumeProjection', () => ({
  secret: pointer(SecretProjection, 1),
  downwardAPI: pointer(DownwardAPIProjection, 2),
  configMap: pointer(ConfigMapProjection, 3),
  serviceAccountToken: pointer(ServiceAccountTokenProjection, 4),
  clusterTrustBundle: pointer(ClusterTrustBundleProjection, 5).alpha(
    'ClusterTrustBundleProjection',
  ),
  podCertificate: pointer(PodCertificateProjection, 6).alpha('PodCertificateRequest'),
}))
export type VolumeProjection = ReadOf<typeof VolumeProjection>

export const SecretProjection = struct('io.k8s.api.core.v1.SecretProjection', () => ({
  name: string(1).inlineIn(1),
  items: list(KeyToPath, 2),
  optional: boolean(4).keep(),
}))
export type SecretProjection = ReadOf<typeof SecretProjection>

export const KeyToPath = struct('io.k8s.api.core.v1.KeyToPath', () => ({
  key: string(1).emit().required(),
  path: string(2).emit().required(),
  mode: int32(3).keep(),
}))
export type KeyToPath = ReadOf<typeof KeyToPath>

export const DownwardAPIProjection = struct('io.k8s.api.core.v1.DownwardAPIProjection', () => ({
  items: list(DownwardAPIVolumeFile, 1),
}))
export type DownwardAPIProjection = ReadOf<typeof DownwardAPIProjection>

export const ConfigMapProjection = struct('io.k8s.api.core.v1.ConfigMapProjection', () => ({
  name: string(1).inlineIn(1),
  items: list(KeyToPath, 2),
  optional: boolean(4).keep(),
}))
export type ConfigMapProjection = ReadOf<typeof ConfigMapProjection>

export const ServiceAccountTokenProjection = struct(
  'io.k8s.api.core.v1.ServiceAccountTokenProjection',
  () => ({
    audience: string(1),
    expirationSeconds: int64(2).keep().default(3600),
    path: string(3).emit().required(),
  }),
)
export type ServiceAccountTokenProjection = ReadOf<typeof ServiceAccountTokenProjection>

export const ClusterTrustBundleProjection = struct(
  'io.k8s.api.core.v1.ClusterTrustBundleProjection',
  () => ({
    name: string(1).keep(),
    signerName: string(2).keep(),
    labelSelector: pointer(LabelSelector, 3),
    optional: boolean(5).keep(),
    path: string(4).emit().required(),
  }),
)
export type ClusterTrustBundleProjection = ReadOf<typeof ClusterTrustBundleProjection>

export const PodCertificateProjection = struct(
  'io.k8s.api.core.v1.PodCertificateProjection',
  () => ({
    signerName: string(1).required(),
    keyType: string(2).required(),
    maxExpirationSeconds: int32(3).keep(),
    credentialBundlePath: string(4),
    keyPath: string(5),
    certificateChainPath: string(6),
    userAnnotations: map(item.string, 7),
  }),
)
export type PodCertificateProjection = ReadOf<typeof PodCertificateProjection>
