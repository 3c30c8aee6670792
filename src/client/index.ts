export { Client, ResourceClient, type List, type SubresourceClient } from './client.ts'
export { ConnectionError, type ConnectionErrorReason } from './error.ts'
export {
  EventBroadcaster,
  type EventBroadcasterOptions,
  type EventSourceOptions,
} from './event-broadcaster.ts'
export {
  referenceTo,
  type EventRecorder,
  type EventReference,
  type EventTarget,
  type RecordedEvent,
} from './events.ts'
export type { Endpoint } from './https/connection.ts'
export { httpsTransport, type HttpsTransportOptions } from './https/transport.ts'
export {
  inProcessTransport,
  type InProcessHandler,
  type InProcessOptions,
  type InProcessRequest,
  type InProcessUser,
} from './in-process.ts'
export {
  objectKey,
  splitKey,
  type Informer,
  type InformerHandler,
  type InformerOptions,
  type Lister,
} from './informer.ts'
export { Informers, type InformersOptions } from './informers.ts'
export {
  kubeconfigPaths,
  KubeconfigError,
  loadKubeconfig,
  type KubeconfigContext,
} from './kubeconfig.ts'
export {
  mergeContext,
  removeContext,
  restoreContext,
  standaloneKubeconfig,
  useContext,
  type ContextEntry,
  type FormerContext,
} from './kubeconfig-write.ts'
export { LeadershipLostError, runAsLeader, type LeaderElectionOptions } from './leader-election.ts'
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
export {
  bucketRateLimiter,
  controllerRateLimiter,
  exponentialRateLimiter,
  slowestOf,
  type RateLimiter,
} from './rate-limiter.ts'
export { retryOnConflict } from './retry.ts'
export type { Call, RawWatchEvent, Transport, WatchHandle, WatchReceiver } from './transport.ts'
export { Watch, type WatchEvent } from './watch.ts'
export { WorkQueue, type WorkQueueMetrics, type WorkQueueOptions } from './work-queue.ts'
