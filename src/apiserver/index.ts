export { createApiServer, type ApiServer } from './api-server.ts'
export { Health, type HealthCheck } from './documents/health.ts'
export { serveHttps, type HttpsOptions, type HttpsServer } from './https/index.ts'
export type { UserInfo } from './authentication/user.ts'
export type { ApiServerOptions } from './options.ts'
export type {
  Answer,
  ApiHandler,
  ApiRequest,
  ApiResponse,
  ByteSink,
  DocumentAnswer,
  JsonSink,
  ListAnswer,
  ObjectAnswer,
  Peer,
  RequestBody,
  Served,
  StatusAnswer,
  TableColumn,
  TableRowSource,
  WatchAnswer,
  WatchEvent,
  WatchSink,
} from './request.ts'
