export { Client, ResourceClient, type List, type SubresourceClient } from './client.ts'
export { ConnectionError, type ConnectionErrorReason } from './error.ts'
export type { Endpoint } from './https/connection.ts'
export { httpsTransport, type HttpsTransportOptions } from './https/transport.ts'
export {
  inProcessTransport,
  type InProcessHandler,
  type InProcessOptions,
  type InProcessUser,
} from './in-process.ts'
export {
  kubeconfigPaths,
  KubeconfigError,
  loadKubeconfig,
  type KubeconfigContext,
} from './kubeconfig.ts'
export {
  mergeContext,
  removeContext,
  standaloneKubeconfig,
  type ContextEntry,
} from './kubeconfig-write.ts'
export type {
  DeleteOptions,
  JsonPatchOperation,
  ListOptions,
  Patch,
  PatchOptions,
  SelectOptions,
  WatchOptions,
  WriteOptions,
} from './options.ts'
export type { Call, RawWatchEvent, Transport, WatchHandle, WatchReceiver } from './transport.ts'
export { Watch, type WatchEvent } from './watch.ts'
