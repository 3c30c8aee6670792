export { createApiServer, type ApiServer } from './api-server.ts'
export { Health, type HealthCheck } from './documents/health.ts'
export {
  networkConnections,
  type ClosableNodeConnections,
  type NetworkConnectionsOptions,
} from './backends/index.ts'
export { kubeletLocation, type KubeletLocation } from './backends/kubelet-location.ts'
export { logRefusal } from './backends/log-refusal.ts'
export {
  ListenError,
  serveHttps,
  type HttpsOptions,
  type HttpsServer,
  type ServingCertificate,
} from './https/index.ts'
export type { UserInfo } from './authentication/user.ts'
export { noNodeConnections, type NodeConnections } from './kinds/node-connections.ts'
export type { ApiServerOptions } from './options.ts'
export type {
  Answer,
  ApiHandler,
  ApiRequest,
  ApiResponse,
  ByteSink,
  ByteSource,
  DocumentAnswer,
  JsonSink,
  ListAnswer,
  ObjectAnswer,
  PassedAnswer,
  Peer,
  RequestBody,
  Served,
  StatusAnswer,
  TableColumn,
  TableRowSource,
  UpgradeAnswer,
  WatchAnswer,
  WatchEvent,
  WatchSink,
} from './request.ts'
