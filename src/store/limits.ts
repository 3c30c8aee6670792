import { assert } from '#base'

/** Operations of one transaction; etcd's default is the same. */
export const opsPerTxnMax = 128
/** Keys and values of one transaction; etcd's default (`--max-request-bytes`) is the same. */
export const txnBytesMax = 1_572_864
export const keyLengthMax = 4_096

/** What one append to the journal carries at most; more waits for the next. */
export const batchTransactionsMax = 2_048
export const batchBytesMax = 8 << 20
/** Transactions staged and not yet durable; more are refused. */
export const pendingTransactionsMax = 50_000
export const pendingBytesMax = 256 << 20

/** Events kept in memory, so that a watch that starts a little behind needs no journal. */
export const recentEventsMax = 2_000
export const recentBytesMax = 4 << 20
/** Events a watch replays from history at most; who is further behind starts from a range. */
export const replayEventsMax = 20_000
/** Changes or keys that one read of the journal looks at. */
export const historySlice = 1_000

/** Records of one step of reading everything at the start: some milliseconds. */
export const loadSlice = 200

/** Superseded states of kinds with history 'window', and of those with 'short'. */
export const historyWindowMs = 24 * 60 * 60 * 1_000
export const historyShortMs = 5 * 60 * 1_000
/** Bytes of superseded states, on disk and in memory; above it the oldest go first. */
export const historyBytesOnDiskMax = 2 ** 30
export const historyBytesInMemoryMax = 64 << 20
export const compactionIntervalMs = 30_000
/** Changes that one slice of compaction looks at: a few milliseconds on a disk. */
export const compactionSlice = 500

/** Kept on disk beside the data, and given up when the medium is full so that deletes still fit. */
export const reserveBytes = 8 << 20
/** How often a full store asks whether there is space again. */
export const spaceProbeMs = 5_000

/** Above this much written since the last one, a checkpoint no longer waits for an idle moment. */
export const checkpointBytes = 16 << 20
export const checkpointIdleMs = 200

/** A lease that could not be revoked when it expired is tried again after this long. */
export const leaseRetryMs = 5_000

/** One call to etcd. */
export const etcdDeadlineMs = 10_000
/** How long opening waits for an etcd that does not answer at all. */
export const etcdOpenMs = 1_000
/** Between attempts, twice as long each time. */
export const etcdRetryMs = 100
export const etcdRetryMaxMs = 2_000
/** A watch that breaks is made again this often in a row: about a minute. */
export const etcdWatchRetriesMax = 30
/** Records of one message from etcd. */
export const etcdPageRecords = 1_000

assert(historySlice > opsPerTxnMax, 'a slice of history holds a whole transaction')
assert(compactionSlice > opsPerTxnMax, 'a slice of compaction holds a whole transaction')
assert(batchBytesMax > txnBytesMax, 'every transaction fits into a batch')
assert(reserveBytes > 2 * txnBytesMax, 'the reserve holds more than one transaction')
