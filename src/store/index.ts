export type { EtcdEndpoints, EtcdTls } from './etcd-connection.ts'
export { openStore, type OpenStoreOptions, type StoreServices } from './open.ts'
export {
  restoreSnapshot,
  saveSnapshot,
  snapshotStatus,
  type SnapshotStatus,
} from './snapshot-file.ts'
export {
  prefixEnd,
  StoreError,
  type Compare,
  type CompactRequest,
  type KeyValue,
  type LeaseId,
  type Op,
  type RangeRequest,
  type RangeResult,
  type Revision,
  type Store,
  type StoreErrorReason,
  type StoreEvent,
  type StoreHealth,
  type StoreStatus,
  type TxnRequest,
  type TxnResult,
  type WatchBatch,
  type WatchEnd,
  type WatchHandle,
  type WatchRequest,
} from './store.ts'
