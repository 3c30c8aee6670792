import { boolean, int32, list, pointer, quantity, type ReadOf, string, struct } from '#machinery'
import { defaultImagePullPolicy } from './image-pull-policy.ts'
import { PersistentVolumeClaimTemplate } from './persistent-volume-claim-spec.ts'
import { DownwardAPIVolumeSource, KeyToPath, ProjectedVolumeSource } from './projected-volume.ts'
import {
  AWSElasticBlockStoreVolumeSource,
  AzureDiskVolumeSource,
  AzureFileVolumeSource,
  CSIVolumeSource,
  CephFSVolumeSource,
  CinderVolumeSource,
  FCVolumeSource,
  FlexVolumeSource,
  FlockerVolumeSource,
  GCEPersistentDiskVolumeSource,
  GitRepoVolumeSource,
  GlusterfsVolumeSource,
  HostPathVolumeSource,
  ISCSIVolumeSource,
  NFSVolumeSource,
  PhotonPersistentDiskVolumeSource,
  PortworxVolumeSource,
  QuobyteVolumeSource,
  RBDVolumeSource,
  ScaleIOVolumeSource,
  StorageOSVolumeSource,
  VsphereVirtualDiskVolumeSource,
} from './volume-sources.ts'

export const Volume = struct(
  'io.k8s.api.core.v1.Volume',
  () => ({
    name: string(1).emit().required(),
    hostPath: pointer(HostPathVolumeSource, 1).inlineIn(2),
    emptyDir: pointer(EmptyDirVolumeSource, 2).inlineIn(2),
    gcePersistentDisk: pointer(GCEPersistentDiskVolumeSource, 3).inlineIn(2),
    awsElasticBlockStore: pointer(AWSElasticBlockStoreVolumeSource, 4).inlineIn(2),
    gitRepo: pointer(GitRepoVolumeSource, 5).inlineIn(2),
    secret: pointer(SecretVolumeSource, 6).inlineIn(2),
    nfs: pointer(NFSVolumeSource, 7).inlineIn(2),
    iscsi: pointer(ISCSIVolumeSource, 8).inlineIn(2),
    glusterfs: pointer(GlusterfsVolumeSource, 9).inlineIn(2),
    persistentVolumeClaim: pointer(PersistentVolumeClaimVolumeSource, 10).inlineIn(2),
    rbd: pointer(RBDVolumeSource, 11).inlineIn(2),
    flexVolume: pointer(FlexVolumeSource, 12).inlineIn(2),
    cinder: pointer(CinderVolumeSource, 13).inlineIn(2),
    cephfs: pointer(CephFSVolumeSource, 14).inlineIn(2),
    flocker: pointer(FlockerVolumeSource, 15).inlineIn(2),
    downwardAPI: pointer(DownwardAPIVolumeSource, 16).inlineIn(2),
    fc: pointer(FCVolumeSource, 17).inlineIn(2),
    azureFile: pointer(AzureFileVolumeSource, 18).inlineIn(2),
    configMap: pointer(ConfigMapVolumeSource, 19).inlineIn(2),
    vsphereVolume: pointer(VsphereVirtualDiskVolumeSource, 20).inlineIn(2),
    quobyte: pointer(QuobyteVolumeSource, 21).inlineIn(2),
    azureDisk: pointer(AzureDiskVolumeSource, 22).inlineIn(2),
    photonPersistentDisk: pointer(PhotonPersistentDiskVolumeSource, 23).inlineIn(2),
    projected: pointer(ProjectedVolumeSource, 26).inlineIn(2),
    portworxVolume: pointer(PortworxVolumeSource, 24).inlineIn(2),
    scaleIO: pointer(ScaleIOVolumeSource, 25).inlineIn(2),
    storageos: pointer(StorageOSVolumeSource, 27).inlineIn(2),
    csi: pointer(CSIVolumeSource, 28).inlineIn(2),
    ephemeral: pointer(EphemeralVolumeSource, 29).inlineIn(2),
    image: pointer(ImageVolumeSource, 30).inlineIn(2),
  }),
  {
    defaults(volume) {
      if (Object.keys(volume).every((name) => name === 'name')) volume.emptyDir = {}
    },
  },
)
export type Volume = ReadOf<typeof Volume>

export const EmptyDirVolumeSource = struct('io.k8s.api.core.v1.EmptyDirVolumeSource', () => ({
  medium: string(1),
  sizeLimit: quantity(2),
}))
export type EmptyDirVolumeSource = ReadOf<typeof EmptyDirVolumeSource>

export const SecretVolumeSource = struct('io.k8s.api.core.v1.SecretVolumeSource', () => ({
  secretName: string(1),
  items: list(KeyToPath, 2),
  defaultMode: int32(3).keep().default(0o644),
  optional: boolean(4).keep(),
}))
export type SecretVolumeSource = ReadOf<typeof SecretVolumeSource>

export const PersistentVolumeClaimVolumeSource = struct(
  'io.k8s.api.core.v1.PersistentVolumeClaimVolumeSource',
  () => ({
    claimName: string(1).emit().required(),
    readOnly: boolean(2),
  }),
)
export type PersistentVolumeClaimVolumeSource = ReadOf<typeof PersistentVolumeClaimVolumeSource>

export const ConfigMapVolumeSource = struct('io.k8s.api.core.v1.ConfigMapVolumeSource', () => ({
  name: string(1).inlineIn(1),
  items: list(KeyToPath, 2),
  defaultMode: int32(3).keep().default(0o644),
  optional: boolean(4).keep(),
}))
export type ConfigMapVolumeSource = ReadOf<typeof ConfigMapVolumeSource>

export const EphemeralVolumeSource = struct('io.k8s.api.core.v1.EphemeralVolumeSource', () => ({
  volumeClaimTemplate: pointer(PersistentVolumeClaimTemplate, 1),
}))
export type EphemeralVolumeSource = ReadOf<typeof EphemeralVolumeSource>

export const ImageVolumeSource = struct(
  'io.k8s.api.core.v1.ImageVolumeSource',
  () => ({
    reference: string(1),
    pullPolicy: string(2).values('Always', 'IfNotPresent', 'Never'),
  }),
  {
    defaults(image) {
      image.pullPolicy ??= defaultImagePullPolicy(image.reference)
    },
  },
)
export type ImageVolumeSource = ReadOf<typeof ImageVolumeSource>
