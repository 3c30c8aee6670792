import { boolean, int32, item, list, map, pointer, type ReadOf, string, struct } from '#machinery'
import { LocalObjectReference } from './object-reference.ts'

export const AWSElasticBlockStoreVolumeSource = struct(
  'io.k8s.api.core.v1.AWSElasticBlockStoreVolumeSource',
  () => ({
    volumeID: string(1).emit().required(),
    fsType: string(2),
    partition: int32(3),
    readOnly: boolean(4),
  }),
)
export type AWSElasticBlockStoreVolumeSource = ReadOf<typeof AWSElasticBlockStoreVolumeSource>

export const AzureDiskVolumeSource = struct('io.k8s.api.core.v1.AzureDiskVolumeSource', () => ({
  diskName: string(1).emit().required(),
  diskURI: string(2).emit().required(),
  cachingMode: string(3).values('None', 'ReadOnly', 'ReadWrite').keep().default('ReadWrite'),
  fsType: string(4).keep().default('ext4'),
  readOnly: boolean(5).keep().default(false),
  kind: string(6).values('Dedicated', 'Managed', 'Shared').keep().default('Shared'),
}))
export type AzureDiskVolumeSource = ReadOf<typeof AzureDiskVolumeSource>

export const AzureFileVolumeSource = struct('io.k8s.api.core.v1.AzureFileVolumeSource', () => ({
  secretName: string(1).emit().required(),
  shareName: string(2).emit().required(),
  readOnly: boolean(3),
}))
export type AzureFileVolumeSource = ReadOf<typeof AzureFileVolumeSource>

export const CSIVolumeSource = struct('io.k8s.api.core.v1.CSIVolumeSource', () => ({
  driver: string(1).emit().required(),
  readOnly: boolean(2).keep(),
  fsType: string(3).keep(),
  volumeAttributes: map(item.string, 4),
  nodePublishSecretRef: pointer(LocalObjectReference, 5),
}))
export type CSIVolumeSource = ReadOf<typeof CSIVolumeSource>

export const CephFSVolumeSource = struct('io.k8s.api.core.v1.CephFSVolumeSource', () => ({
  monitors: list(item.string, 1).orNull().required(),
  path: string(2),
  user: string(3),
  secretFile: string(4),
  secretRef: pointer(LocalObjectReference, 5),
  readOnly: boolean(6),
}))
export type CephFSVolumeSource = ReadOf<typeof CephFSVolumeSource>

export const CinderVolumeSource = struct('io.k8s.api.core.v1.CinderVolumeSource', () => ({
  volumeID: string(1).emit().required(),
  fsType: string(2),
  readOnly: boolean(3),
  secretRef: pointer(LocalObjectReference, 4),
}))
export type CinderVolumeSource = ReadOf<typeof CinderVolumeSource>

export const FCVolumeSource = struct('io.k8s.api.core.v1.FCVolumeSource', () => ({
  targetWWNs: list(item.string, 1),
  lun: int32(2).keep(),
  fsType: string(3),
  readOnly: boolean(4),
  wwids: list(item.string, 5),
}))
export type FCVolumeSource = ReadOf<typeof FCVolumeSource>

export const FlexVolumeSource = struct('io.k8s.api.core.v1.FlexVolumeSource', () => ({
  driver: string(1).emit().required(),
  fsType: string(2),
  secretRef: pointer(LocalObjectReference, 3),
  readOnly: boolean(4),
  options: map(item.string, 5),
}))
export type FlexVolumeSource = ReadOf<typeof FlexVolumeSource>

export const FlockerVolumeSource = struct('io.k8s.api.core.v1.FlockerVolumeSource', () => ({
  datasetName: string(1),
  datasetUUID: string(2),
}))
export type FlockerVolumeSource = ReadOf<typeof FlockerVolumeSource>

export const GCEPersistentDiskVolumeSource = struct(
  'io.k8s.api.core.v1.GCEPersistentDiskVolumeSource',
  () => ({
    pdName: string(1).emit().required(),
    fsType: string(2),
    partition: int32(3),
    readOnly: boolean(4),
  }),
)
export type GCEPersistentDiskVolumeSource = ReadOf<typeof GCEPersistentDiskVolumeSource>

export const GitRepoVolumeSource = struct('io.k8s.api.core.v1.GitRepoVolumeSource', () => ({
  repository: string(1).emit().required(),
  revision: string(2),
  directory: string(3),
}))
export type GitRepoVolumeSource = ReadOf<typeof GitRepoVolumeSource>

export const GlusterfsVolumeSource = struct('io.k8s.api.core.v1.GlusterfsVolumeSource', () => ({
  endpoints: string(1).emit().required(),
  path: string(2).emit().required(),
  readOnly: boolean(3),
}))
export type GlusterfsVolumeSource = ReadOf<typeof GlusterfsVolumeSource>

export const HostPathVolumeSource = struct('io.k8s.api.core.v1.HostPathVolumeSource', () => ({
  path: string(1).emit().required(),
  type: string(2)
    .values(
      '',
      'BlockDevice',
      'CharDevice',
      'Directory',
      'DirectoryOrCreate',
      'File',
      'FileOrCreate',
      'Socket',
    )
    .keep()
    .default(''),
}))
export type HostPathVolumeSource = ReadOf<typeof HostPathVolumeSource>

export const ISCSIVolumeSource = struct('io.k8s.api.core.v1.ISCSIVolumeSource', () => ({
  targetPortal: string(1).emit().required(),
  iqn: string(2).emit().required(),
  lun: int32(3).emit().required(),
  iscsiInterface: string(4).default('default'),
  fsType: string(5),
  readOnly: boolean(6),
  portals: list(item.string, 7),
  chapAuthDiscovery: boolean(8),
  chapAuthSession: boolean(11),
  secretRef: pointer(LocalObjectReference, 10),
  initiatorName: string(12).keep(),
}))
export type ISCSIVolumeSource = ReadOf<typeof ISCSIVolumeSource>

export const NFSVolumeSource = struct('io.k8s.api.core.v1.NFSVolumeSource', () => ({
  server: string(1).emit().required(),
  path: string(2).emit().required(),
  readOnly: boolean(3),
}))
export type NFSVolumeSource = ReadOf<typeof NFSVolumeSource>

export const PhotonPersistentDiskVolumeSource = struct(
  'io.k8s.api.core.v1.PhotonPersistentDiskVolumeSource',
  () => ({
    pdID: string(1).emit().required(),
    fsType: string(2),
  }),
)
export type PhotonPersistentDiskVolumeSource = ReadOf<typeof PhotonPersistentDiskVolumeSource>

export const PortworxVolumeSource = struct('io.k8s.api.core.v1.PortworxVolumeSource', () => ({
  volumeID: string(1).emit().required(),
  fsType: string(2),
  readOnly: boolean(3),
}))
export type PortworxVolumeSource = ReadOf<typeof PortworxVolumeSource>

export const QuobyteVolumeSource = struct('io.k8s.api.core.v1.QuobyteVolumeSource', () => ({
  registry: string(1).emit().required(),
  volume: string(2).emit().required(),
  readOnly: boolean(3),
  user: string(4),
  group: string(5),
  tenant: string(6),
}))
export type QuobyteVolumeSource = ReadOf<typeof QuobyteVolumeSource>

export const RBDVolumeSource = struct('io.k8s.api.core.v1.RBDVolumeSource', () => ({
  monitors: list(item.string, 1).orNull().required(),
  image: string(2).emit().required(),
  fsType: string(3),
  pool: string(4).default('rbd'),
  user: string(5).default('admin'),
  keyring: string(6).default('/etc/ceph/keyring'),
  secretRef: pointer(LocalObjectReference, 7),
  readOnly: boolean(8),
}))
export type RBDVolumeSource = ReadOf<typeof RBDVolumeSource>

export const ScaleIOVolumeSource = struct('io.k8s.api.core.v1.ScaleIOVolumeSource', () => ({
  gateway: string(1).emit().required(),
  system: string(2).emit().required(),
  secretRef: pointer(LocalObjectReference, 3).orNull().required(),
  sslEnabled: boolean(4),
  protectionDomain: string(5),
  storagePool: string(6),
  storageMode: string(7).default('ThinProvisioned'),
  volumeName: string(8),
  fsType: string(9).default('xfs'),
  readOnly: boolean(10),
}))
export type ScaleIOVolumeSource = ReadOf<typeof ScaleIOVolumeSource>

export const StorageOSVolumeSource = struct('io.k8s.api.core.v1.StorageOSVolumeSource', () => ({
  volumeName: string(1),
  volumeNamespace: string(2),
  fsType: string(3),
  readOnly: boolean(4),
  secretRef: pointer(LocalObjectReference, 5),
}))
export type StorageOSVolumeSource = ReadOf<typeof StorageOSVolumeSource>

export const VsphereVirtualDiskVolumeSource = struct(
  'io.k8s.api.core.v1.VsphereVirtualDiskVolumeSource',
  () => ({
    volumePath: string(1).emit().required(),
    fsType: string(2),
    storagePolicyName: string(3),
    storagePolicyID: string(4),
  }),
)
export type VsphereVirtualDiskVolumeSource = ReadOf<typeof VsphereVirtualDiskVolumeSource>
