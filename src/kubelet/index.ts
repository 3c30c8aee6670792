export { KubeletError, type KubeletErrorReason } from './error.ts'
export {
  busyboxImage,
  machineArchitecture,
  pauseImage,
  pauseImageName,
  type BusyboxImageOptions,
} from './images/images.ts'
export { importImageFile, importImages } from './images/import-images.ts'
export { listImages, type ListedImage } from './images/list-images.ts'
export { ociArchive, type ImageDefinition } from './images/oci-archive.ts'
export {
  packImage,
  packImages,
  type ImageToPack,
  type PackedImage,
  type PackOptions,
} from './images/pack-images.ts'
export type { Architecture } from './images/pause-elf.ts'
export { startKubelet, type Kubelet, type KubeletOptions } from './kubelet.ts'
export { usualRotation, type RotationLimits } from './logs/log-rotation.ts'
export { parseResolvConf } from './pods/sandbox-config.ts'
export { usualCrashLoop, type CrashLoopOptions } from './pods/crash-loop.ts'
export type { Prober, ProbeResult } from './probes/prober.ts'
export {
  containerdAddress,
  destroyRemains,
  endRemains,
  removeSandboxes,
  startContainerd,
  type CniConfiguration,
  type Containerd,
  type ContainerdOptions,
  type RemainsOptions,
} from './runtime/containerd-process.ts'
export { CriRuntime, type CriOptions } from './runtime/cri-grpc.ts'
export type * from './runtime/runtime.ts'
export type { KubeletServerOptions, ServingCertificate } from './server/kubelet-server.ts'
export { FakeRuntime } from './testing/fake-runtime.ts'
