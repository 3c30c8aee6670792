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
  time,
  value,
} from '#machinery'
import { ResourceRequirements } from './resource-requirements.ts'
import { signals } from './signal.ts'

export const PodStatus = struct('io.k8s.api.core.v1.PodStatus', () => ({
  observedGeneration: int64(17),
  phase: string(1).values('Failed', 'Pending', 'Running', 'Succeeded', 'Unknown'),
  conditions: list(PodCondition, 2).mapBy('type').patch('merge', 'type'),
  message: string(3),
  reason: string(4),
  nominatedNodeName: string(11),
  hostIP: string(5),
  hostIPs: list(HostIP, 16).patch('merge', 'ip'),
  podIP: string(6),
  podIPs: list(PodIP, 12).mapBy('ip').patch('merge', 'ip'),
  startTime: time(7),
  initContainerStatuses: list(ContainerStatus, 10),
  containerStatuses: list(ContainerStatus, 8),
  qosClass: string(9).values('BestEffort', 'Burstable', 'Guaranteed'),
  ephemeralContainerStatuses: list(ContainerStatus, 13),
  resize: string(14).values('Deferred', 'InProgress', 'Infeasible'),
  resourceClaimStatuses: list(PodResourceClaimStatus, 15)
    .mapBy('name')
    .patch('merge,retainKeys', 'name'),
  extendedResourceClaimStatus: pointer(PodExtendedResourceClaimStatus, 18),
  allocatedResources: map(item.quantity, 19),
  resources: pointer(ResourceRequirements, 20),
  nodeAllocatableResourceClaimStatuses: list(NodeAllocatableResourceClaimStatus, 21).alpha(
    'DRANodeAllocatableResources',
  ),
}))
export type PodStatus = ReadOf<typeof PodStatus>

export const PodCondition = struct('io.k8s.api.core.v1.PodCondition', () => ({
  type: string(1).emit().required(),
  observedGeneration: int64(7),
  status: string(2).values('False', 'True', 'Unknown').emit().required(),
  lastProbeTime: time(3).orNull(),
  lastTransitionTime: time(4).orNull(),
  reason: string(5),
  message: string(6),
}))
export type PodCondition = ReadOf<typeof PodCondition>

export const HostIP = struct('io.k8s.api.core.v1.HostIP', () => ({
  ip: string(1).emit().required(),
}))
export type HostIP = ReadOf<typeof HostIP>

export const PodIP = struct('io.k8s.api.core.v1.PodIP', () => ({
  ip: string(1).emit().required(),
}))
export type PodIP = ReadOf<typeof PodIP>

export const ContainerStatus = struct('io.k8s.api.core.v1.ContainerStatus', () => ({
  name: string(1).emit().required(),
  state: value(ContainerState, 2),
  lastState: value(ContainerState, 3),
  ready: boolean(4).emit().required(),
  restartCount: int32(5).emit().required(),
  image: string(6).emit().required(),
  imageID: string(7).emit().required(),
  containerID: string(8),
  started: boolean(9).keep(),
  allocatedResources: map(item.quantity, 10),
  resources: pointer(ResourceRequirements, 11),
  volumeMounts: list(VolumeMountStatus, 12).mapBy('mountPath').patch('merge', 'mountPath'),
  user: pointer(ContainerUser, 13),
  allocatedResourcesStatus: list(ResourceStatus, 14).mapBy('name').patch('merge', 'name'),
  stopSignal: string(15)
    .values(...signals)
    .keep(),
}))
export type ContainerStatus = ReadOf<typeof ContainerStatus>

export const ContainerState = struct('io.k8s.api.core.v1.ContainerState', () => ({
  waiting: pointer(ContainerStateWaiting, 1),
  running: pointer(ContainerStateRunning, 2),
  terminated: pointer(ContainerStateTerminated, 3),
}))
export type ContainerState = ReadOf<typeof ContainerState>

export const ContainerStateWaiting = struct('io.k8s.api.core.v1.ContainerStateWaiting', () => ({
  reason: string(1),
  message: string(2),
}))
export type ContainerStateWaiting = ReadOf<typeof ContainerStateWaiting>

export const ContainerStateRunning = struct('io.k8s.api.core.v1.ContainerStateRunning', () => ({
  startedAt: time(1).orNull(),
}))
export type ContainerStateRunning = ReadOf<typeof ContainerStateRunning>

export const ContainerStateTerminated = struct(
  'io.k8s.api.core.v1.ContainerStateTerminated',
  () => ({
    exitCode: int32(1).emit().required(),
    signal: int32(2),
    reason: string(3),
    message: string(4),
    startedAt: time(5).orNull(),
    finishedAt: time(6).orNull(),
    containerID: string(7),
  }),
)
export type ContainerStateTerminated = ReadOf<typeof ContainerStateTerminated>

export const VolumeMountStatus = struct('io.k8s.api.core.v1.VolumeMountStatus', () => ({
  name: string(1).emit().required(),
  mountPath: string(2).emit().required(),
  readOnly: boolean(3),
  recursiveReadOnly: string(4).values('Disabled', 'Enabled', 'IfPossible').keep(),
  volumeStatus: pointer(VolumeStatus, 5).alpha('ImageVolumeWithDigest'),
}))
export type VolumeMountStatus = ReadOf<typeof VolumeMountStatus>

export const VolumeStatus = struct('io.k8s.api.core.v1.VolumeStatus', () => ({
  image: pointer(ImageVolumeStatus, 1),
}))
export type VolumeStatus = ReadOf<typeof VolumeStatus>

export const ImageVolumeStatus = struct('io.k8s.api.core.v1.ImageVolumeStatus', () => ({
  imageRef: string(1).required(),
}))
export type ImageVolumeStatus = ReadOf<typeof ImageVolumeStatus>

export const ContainerUser = struct('io.k8s.api.core.v1.ContainerUser', () => ({
  linux: pointer(LinuxContainerUser, 1),
}))
export type ContainerUser = ReadOf<typeof ContainerUser>

export const LinuxContainerUser = struct('io.k8s.api.core.v1.LinuxContainerUser', () => ({
  uid: int64(1).emit().required(),
  gid: int64(2).emit().required(),
  supplementalGroups: list(item.int64, 3),
}))
export type LinuxContainerUser = ReadOf<typeof LinuxContainerUser>

export const ResourceStatus = struct('io.k8s.api.core.v1.ResourceStatus', () => ({
  name: string(1).emit().required(),
  resources: list(ResourceHealth, 2).mapBy('resourceID'),
}))
export type ResourceStatus = ReadOf<typeof ResourceStatus>

export const ResourceHealth = struct('io.k8s.api.core.v1.ResourceHealth', () => ({
  resourceID: string(1).emit().required(),
  health: string(2).values('Healthy', 'Unhealthy', 'Unknown'),
  message: string(6).keep(),
}))
export type ResourceHealth = ReadOf<typeof ResourceHealth>

export const PodResourceClaimStatus = struct('io.k8s.api.core.v1.PodResourceClaimStatus', () => ({
  name: string(1).emit().required(),
  resourceClaimName: string(2).keep(),
}))
export type PodResourceClaimStatus = ReadOf<typeof PodResourceClaimStatus>

export const PodExtendedResourceClaimStatus = struct(
  'io.k8s.api.core.v1.PodExtendedResourceClaimStatus',
  () => ({
    requestMappings: list(ContainerExtendedResourceRequest, 1).orNull().required(),
    resourceClaimName: string(2).emit().required(),
  }),
)
export type PodExtendedResourceClaimStatus = ReadOf<typeof PodExtendedResourceClaimStatus>

export const ContainerExtendedResourceRequest = struct(
  'io.k8s.api.core.v1.ContainerExtendedResourceRequest',
  () => ({
    containerName: string(1).emit().required(),
    resourceName: string(2).emit().required(),
    requestName: string(3).emit().required(),
  }),
)
export type ContainerExtendedResourceRequest = ReadOf<typeof ContainerExtendedResourceRequest>

export const NodeAllocatableResourceClaimStatus = struct(
  'io.k8s.api.core.v1.NodeAllocatableResourceClaimStatus',
  () => ({
    resourceClaimName: string(1).emit().required(),
    containers: list(item.string, 2).set(),
    resources: map(item.quantity, 3).orNull().required(),
  }),
)
export type NodeAllocatableResourceClaimStatus = ReadOf<typeof NodeAllocatableResourceClaimStatus>
