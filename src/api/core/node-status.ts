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
import { NodeConfigSource } from './node-config-source.ts'

export const NodeStatus = struct('io.k8s.api.core.v1.NodeStatus', () => ({
  capacity: map(item.quantity, 1),
  allocatable: map(item.quantity, 2),
  phase: string(3).values('Pending', 'Running', 'Terminated'),
  conditions: list(NodeCondition, 4).mapBy('type').patch('merge', 'type'),
  addresses: list(NodeAddress, 5).mapBy('type').patch('merge', 'type'),
  daemonEndpoints: value(NodeDaemonEndpoints, 6),
  nodeInfo: value(NodeSystemInfo, 7),
  images: list(ContainerImage, 8),
  volumesInUse: list(item.string, 9),
  volumesAttached: list(AttachedVolume, 10),
  config: pointer(NodeConfigStatus, 11),
  runtimeHandlers: list(NodeRuntimeHandler, 12),
  features: pointer(NodeFeatures, 13),
  declaredFeatures: list(item.string, 14),
}))
export type NodeStatus = ReadOf<typeof NodeStatus>

export const NodeCondition = struct('io.k8s.api.core.v1.NodeCondition', () => ({
  type: string(1).emit().required(),
  status: string(2).values('False', 'True', 'Unknown').emit().required(),
  lastHeartbeatTime: time(3).orNull(),
  lastTransitionTime: time(4).orNull(),
  reason: string(5),
  message: string(6),
}))
export type NodeCondition = ReadOf<typeof NodeCondition>

export const NodeAddress = struct('io.k8s.api.core.v1.NodeAddress', () => ({
  type: string(1).emit().required(),
  address: string(2).emit().required(),
}))
export type NodeAddress = ReadOf<typeof NodeAddress>

export const NodeDaemonEndpoints = struct('io.k8s.api.core.v1.NodeDaemonEndpoints', () => ({
  kubeletEndpoint: value(DaemonEndpoint, 1),
}))
export type NodeDaemonEndpoints = ReadOf<typeof NodeDaemonEndpoints>

export const DaemonEndpoint = struct('io.k8s.api.core.v1.DaemonEndpoint', () => ({
  Port: int32(1).emit().required(),
}))
export type DaemonEndpoint = ReadOf<typeof DaemonEndpoint>

export const NodeSystemInfo = struct('io.k8s.api.core.v1.NodeSystemInfo', () => ({
  machineID: string(1).emit().required(),
  systemUUID: string(2).emit().required(),
  bootID: string(3).emit().required(),
  kernelVersion: string(4).emit().required(),
  osImage: string(5).emit().required(),
  containerRuntimeVersion: string(6).emit().required(),
  kubeletVersion: string(7).emit().required(),
  kubeProxyVersion: string(8).emit().required(),
  operatingSystem: string(9).emit().required(),
  architecture: string(10).emit().required(),
  swap: pointer(NodeSwapStatus, 11),
}))
export type NodeSystemInfo = ReadOf<typeof NodeSystemInfo>

export const NodeSwapStatus = struct('io.k8s.api.core.v1.NodeSwapStatus', () => ({
  capacity: int64(1).keep(),
}))
export type NodeSwapStatus = ReadOf<typeof NodeSwapStatus>

export const ContainerImage = struct('io.k8s.api.core.v1.ContainerImage', () => ({
  names: list(item.string, 1).orNull(),
  sizeBytes: int64(2),
}))
export type ContainerImage = ReadOf<typeof ContainerImage>

export const AttachedVolume = struct('io.k8s.api.core.v1.AttachedVolume', () => ({
  name: string(1).emit().required(),
  devicePath: string(2).emit().required(),
}))
export type AttachedVolume = ReadOf<typeof AttachedVolume>

export const NodeConfigStatus = struct('io.k8s.api.core.v1.NodeConfigStatus', () => ({
  assigned: pointer(NodeConfigSource, 1),
  active: pointer(NodeConfigSource, 2),
  lastKnownGood: pointer(NodeConfigSource, 3),
  error: string(4),
}))
export type NodeConfigStatus = ReadOf<typeof NodeConfigStatus>

export const NodeRuntimeHandler = struct('io.k8s.api.core.v1.NodeRuntimeHandler', () => ({
  name: string(1).emit(),
  features: pointer(NodeRuntimeHandlerFeatures, 2),
}))
export type NodeRuntimeHandler = ReadOf<typeof NodeRuntimeHandler>

export const NodeRuntimeHandlerFeatures = struct(
  'io.k8s.api.core.v1.NodeRuntimeHandlerFeatures',
  () => ({
    recursiveReadOnlyMounts: boolean(1).keep(),
    userNamespaces: boolean(2).keep(),
  }),
)
export type NodeRuntimeHandlerFeatures = ReadOf<typeof NodeRuntimeHandlerFeatures>

export const NodeFeatures = struct('io.k8s.api.core.v1.NodeFeatures', () => ({
  supplementalGroupsPolicy: boolean(1).keep(),
}))
export type NodeFeatures = ReadOf<typeof NodeFeatures>
