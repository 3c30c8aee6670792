import {
  boolean,
  int32,
  item,
  list,
  map,
  oneOf,
  pointer,
  type ReadOf,
  string,
  struct,
} from '#machinery'
import { NodeSelector } from './node-selector.ts'
import { ObjectReference, SecretReference } from './object-reference.ts'
import {
  AWSElasticBlockStoreVolumeSource,
  AzureDiskVolumeSource,
  FCVolumeSource,
  FlockerVolumeSource,
  GCEPersistentDiskVolumeSource,
  HostPathVolumeSource,
  NFSVolumeSource,
  PhotonPersistentDiskVolumeSource,
  PortworxVolumeSource,
  QuobyteVolumeSource,
  VsphereVirtualDiskVolumeSource,
} from './volume-sources.ts'

export const PersistentVolumeSpec = struct('io.k8s.api.core.v1.PersistentVolumeSpec', () => ({
  capacity: map(item.quantity, 1),
  gcePersistentDisk: pointer(GCEPersistentDiskVolumeSource, 1).inlineIn(2),
  awsElasticBlockStore: pointer(AWSElasticBlockStoreVolumeSource, 2).inlineIn(2),
  hostPath: pointer(HostPathVolumeSource, 3).inlineIn(2),
  glusterfs: pointer(GlusterfsPersistentVolumeSource, 4).inlineIn(2),
  nfs: pointer(NFSVolumeSource, 5).inlineIn(2),
  rbd: pointer(RBDPersistentVolumeSource, 6).inlineIn(2),
  iscsi: pointer(ISCSIPersistentVolumeSource, 7).inlineIn(2),
  cinder: pointer(CinderPersistentVolumeSource, 8).inlineIn(2),
  cephfs: pointer(CephFSPersistentVolumeSource, 9).inlineIn(2),
  fc: pointer(FCVolumeSource, 10).inlineIn(2),
  flocker: pointer(FlockerVolumeSource, 11).inlineIn(2),
  flexVolume: pointer(FlexPersistentVolumeSource, 12).inlineIn(2),
  azureFile: pointer(AzureFilePersistentVolumeSource, 13).inlineIn(2),
  vsphereVolume: pointer(VsphereVirtualDiskVolumeSource, 14).inlineIn(2),
  quobyte: pointer(QuobyteVolumeSource, 15).inlineIn(2),
  azureDisk: pointer(AzureDiskVolumeSource, 16).inlineIn(2),
  photonPersistentDisk: pointer(PhotonPersistentDiskVolumeSource, 17).inlineIn(2),
  portworxVolume: pointer(PortworxVolumeSource, 18).inlineIn(2),
  scaleIO: pointer(ScaleIOPersistentVolumeSource, 19).inlineIn(2),
  local: pointer(LocalVolumeSource, 20).inlineIn(2),
  storageos: pointer(StorageOSPersistentVolumeSource, 21).inlineIn(2),
  csi: pointer(CSIPersistentVolumeSource, 22).inlineIn(2),
  accessModes: list(oneOf('ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'), 3),
  claimRef: pointer(ObjectReference, 4),
  persistentVolumeReclaimPolicy: string(5).values('Delete', 'Recycle', 'Retain').default('Retain'),
  storageClassName: string(6),
  mountOptions: list(item.string, 7),
  volumeMode: string(8).values('Block', 'Filesystem').keep().default('Filesystem'),
  nodeAffinity: pointer(VolumeNodeAffinity, 9),
  volumeAttributesClassName: string(10).keep(),
}))
export type PersistentVolumeSpec = ReadOf<typeof PersistentVolumeSpec>

export const GlusterfsPersistentVolumeSource = struct(
  'io.k8s.api.core.v1.GlusterfsPersistentVolumeSource',
  () => ({
    endpoints: string(1).emit().required(),
    path: string(2).emit().required(),
    readOnly: boolean(3),
    endpointsNamespace: string(4).keep(),
  }),
)
export type GlusterfsPersistentVolumeSource = ReadOf<typeof GlusterfsPersistentVolumeSource>

export const RBDPersistentVolumeSource = struct(
  'io.k8s.api.core.v1.RBDPersistentVolumeSource',
  () => ({
    monitors: list(item.string, 1).orNull().required(),
    image: string(2).emit().required(),
    fsType: string(3),
    pool: string(4).default('rbd'),
    user: string(5).default('admin'),
    keyring: string(6).default('/etc/ceph/keyring'),
    secretRef: pointer(SecretReference, 7),
    readOnly: boolean(8),
  }),
)
export type RBDPersistentVolumeSource = ReadOf<typeof RBDPersistentVolumeSource>

export const ISCSIPersistentVolumeSource = struct(
  'io.k8s.api.core.v1.ISCSIPersistentVolumeSource',
  () => ({
    targetPortal: string(1).emit().required(),
    iqn: string(2).emit().required(),
    lun: int32(3).emit().required(),
    iscsiInterface: string(4).default('default'),
    fsType: string(5),
    readOnly: boolean(6),
    portals: list(item.string, 7),
    chapAuthDiscovery: boolean(8),
    chapAuthSession: boolean(11),
    secretRef: pointer(SecretReference, 10),
    initiatorName: string(12).keep(),
  }),
)
export type ISCSIPersistentVolumeSource = ReadOf<typeof ISCSIPersistentVolumeSource>

export const CinderPersistentVolumeSource = struct(
  'io.k8s.api.core.v1.CinderPersistentVolumeSource',
  () => ({
    volumeID: string(1).emit().required(),
    fsType: string(2),
    readOnly: boolean(3),
    secretRef: pointer(SecretReference, 4),
  }),
)
export type CinderPersistentVolumeSource = ReadOf<typeof CinderPersistentVolumeSource>

export const CephFSPersistentVolumeSource = struct(
  'io.k8s.api.core.v1.CephFSPersistentVolumeSource',
  () => ({
    monitors: list(item.string, 1).orNull().required(),
    path: string(2),
    user: string(3),
    secretFile: string(4),
    secretRef: pointer(SecretReference, 5),
    readOnly: boolean(6),
  }),
)
export type CephFSPersistentVolumeSource = ReadOf<typeof CephFSPersistentVolumeSource>

export const FlexPersistentVolumeSource = struct(
  'io.k8s.api.core.v1.FlexPersistentVolumeSource',
  () => ({
    driver: string(1).emit().required(),
    fsType: string(2),
    secretRef: pointer(SecretReference, 3),
    readOnly: boolean(4),
    options: map(item.string, 5),
  }),
)
export type FlexPersistentVolumeSource = ReadOf<typeof FlexPersistentVolumeSource>

export const AzureFilePersistentVolumeSource = struct(
  'io.k8s.api.core.v1.AzureFilePersistentVolumeSource',
  () => ({
    secretName: string(1).emit().required(),
    shareName: string(2).emit().required(),
    readOnly: boolean(3),
    secretNamespace: string(4).orNull(),
  }),
)
export type AzureFilePersistentVolumeSource = ReadOf<typeof AzureFilePersistentVolumeSource>

export const ScaleIOPersistentVolumeSource = struct(
  'io.k8s.api.core.v1.ScaleIOPersistentVolumeSource',
  () => ({
    gateway: string(1).emit().required(),
    system: string(2).emit().required(),
    secretRef: pointer(SecretReference, 3).orNull().required(),
    sslEnabled: boolean(4),
    protectionDomain: string(5),
    storagePool: string(6),
    storageMode: string(7).default('ThinProvisioned'),
    volumeName: string(8),
    fsType: string(9).default('xfs'),
    readOnly: boolean(10),
  }),
)
export type ScaleIOPersistentVolumeSource = ReadOf<typeof ScaleIOPersistentVolumeSource>

export const LocalVolumeSource = struct('io.k8s.api.core.v1.LocalVolumeSource', () => ({
  path: string(1).emit().required(),
  fsType: string(2).keep(),
}))
export type LocalVolumeSource = ReadOf<typeof LocalVolumeSource>

export const StorageOSPersistentVolumeSource = struct(
  'io.k8s.api.core.v1.StorageOSPersistentVolumeSource',
  () => ({
    volumeName: string(1),
    volumeNamespace: string(2),
    fsType: string(3),
    readOnly: boolean(4),
    secretRef: pointer(ObjectReference, 5),
  }),
)
export type StorageOSPersistentVolumeSource = ReadOf<typeof StorageOSPersistentVolumeSource>

export const CSIPersistentVolumeSource = struct(
  'io.k8s.api.core.v1.CSIPersistentVolumeSource',
  () => ({
    driver: string(1).emit().required(),
    volumeHandle: string(2).emit().required(),
    readOnly: boolean(3),
    fsType: string(4),
    volumeAttributes: map(item.string, 5),
    controllerPublishSecretRef: pointer(SecretReference, 6),
    nodeStageSecretRef: pointer(SecretReference, 7),
    nodePublishSecretRef: pointer(SecretReference, 8),
    controllerExpandSecretRef: pointer(SecretReference, 9),
    nodeExpandSecretRef: pointer(SecretReference, 10),
  }),
)
export type CSIPersistentVolumeSource = ReadOf<typeof CSIPersistentVolumeSource>

export const VolumeNodeAffinity = struct('io.k8s.api.core.v1.VolumeNodeAffinity', () => ({
  required: pointer(NodeSelector, 1),
}))
export type VolumeNodeAffinity = ReadOf<typeof VolumeNodeAffinity>
