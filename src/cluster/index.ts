export {
  startControllerManagerAlone,
  type ControllerManagerOptions,
} from './alone/controller-manager.ts'
export type { Component, ComponentOptions } from './alone/component.ts'
export { startSchedulerAlone } from './alone/scheduler.ts'
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
export type { NodeAddresses, ServingCertificate } from './join/serving-certificate.ts'
export {
  deleteToken,
  inviteNode,
  listTokens,
  type JoinInvitation,
  type TokenAccess,
} from './join/token-access.ts'
export { caPin, formatJoinToken } from './join/token.ts'
export {
  startServer,
  type KubeconfigChoice,
  type Server,
  type ServerOptions,
  type StoreChoice,
} from './server.ts'
export { restoreClusterSnapshot, saveClusterSnapshot, type SnapshotServices } from './snapshot.ts'
export { startCluster, type Cluster, type StartClusterOptions } from './start-cluster.ts'
export { serverStatus, type ServerStatus } from './status.ts'
export { deleteCluster, stopServer } from './stop.ts'
export { snapshotStatus, type SnapshotStatus } from '#store'
