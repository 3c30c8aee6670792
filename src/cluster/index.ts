import { placeOfCall } from './forgotten.ts'
import type { Component, ComponentOptions } from './alone/component.ts'
import type { ControllerManagerOptions } from './alone/controller-manager.ts'
import type { Clock } from '#base'
import type { SnapshotStatus } from '#store'
import type { Server, ServerOptions } from './server.ts'
import type { SnapshotServices } from './snapshot.ts'
import type { Cluster, StartClusterOptions } from './start-cluster.ts'

export type { Component, ComponentOptions } from './alone/component.ts'
export type { ControllerManagerOptions } from './alone/controller-manager.ts'

export { defaultDataDirectory, dataDirectoryAt } from './data-directory.ts'
export { ClusterError } from './error.ts'
export { contextName } from './context.ts'
export {
  createBootstrapToken,
  type BootstrapToken,
  type NewToken,
} from './join/bootstrap-tokens.ts'
export { joinCluster, type JoinOptions } from './join/join-cluster.ts'
export type { NodeCredentials } from './join/node-credentials.ts'
export type { ServingCertificate } from '#kubelet'
export type { NodeAddresses } from './join/serving-certificate.ts'
export {
  deleteToken,
  inviteNode,
  listTokens,
  type JoinInvitation,
  type TokenAccess,
} from './join/token-access.ts'
export { caPin, formatJoinToken } from './join/token.ts'
export type { SnapshotServices } from './snapshot.ts'
export type { SnapshotStatus } from '#store'
export type { KubeconfigChoice, Server, ServerOptions, StoreChoice } from './server.ts'
export type { Cluster, StartClusterOptions } from './start-cluster.ts'
export { serverStatus, type ServerStatus } from './status.ts'
export { deleteCluster, stopServer } from './stop.ts'
export type { PublishedPort } from './published-port.ts'
export type { NodeImages } from './up/images.ts'
export type { UpCluster, UpSettings } from './up/up.ts'

/*
 * Each of these needs rooms that the others do not: a process loads those of what it runs.
 */

/** See `startServer` in server.ts. */
export async function startServer(options: ServerOptions): Promise<Server> {
  return (await import('./server.ts')).startServer(options)
}

/** See `startCluster` in start-cluster.ts. */
export async function startCluster(options: StartClusterOptions = {}): Promise<Cluster> {
  // Now: after the first wait nobody knows who has called.
  const place = placeOfCall(startCluster)
  return (await import('./start-cluster.ts')).startCluster(options, place)
}

export async function startSchedulerAlone(options: ComponentOptions): Promise<Component> {
  return (await import('./alone/scheduler.ts')).startSchedulerAlone(options)
}

export async function startControllerManagerAlone(
  options: ControllerManagerOptions,
): Promise<Component> {
  return (await import('./alone/controller-manager.ts')).startControllerManagerAlone(options)
}

/** See `saveClusterSnapshot` in snapshot.ts. */
export async function saveClusterSnapshot(
  dataDir: string,
  file: string,
  services: SnapshotServices,
): Promise<SnapshotStatus> {
  return (await import('./snapshot.ts')).saveClusterSnapshot(dataDir, file, services)
}

/** See `restoreClusterSnapshot` in snapshot.ts. */
export async function restoreClusterSnapshot(
  dataDir: string,
  file: string,
  clock: Clock,
): Promise<SnapshotStatus> {
  return (await import('./snapshot.ts')).restoreClusterSnapshot(dataDir, file, clock)
}

/** Of a snapshot's file. */
export async function snapshotStatus(file: string): Promise<SnapshotStatus> {
  return (await import('#store')).snapshotStatus(file)
}

/** What makes a machine a node. */
export const loadAgent = () => import('./agent/index.ts')
/** What makes, inspects and removes a cluster of real nodes. */
export const loadUp = () => import('./up/index.ts')
