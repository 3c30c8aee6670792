import { assert } from '#base'

/** Every bound of the API server, by name. Bytes, milliseconds and counts as the names say. */
export const limits = {
  /** Upstream's limit for a request body. */
  requestBodyBytesMax: 3 * 1024 * 1024,
  /** Objects kept decoded, over all kinds; beyond it the ones longest unused are forgotten. */
  decodedObjectsMax: 1024,
  /** Events of one resource kept in memory for watches that resume. */
  recentEventsMax: 1024,
  /** Events a watch replays from the store's history before it is told to list again. */
  replayEventsMax: 50_000,
  /** How long a read waits for the cache to reach the revision it asks for (upstream's 3 s). */
  freshnessWaitMs: 3_000,
  /** Life of a continue token, whatever the history holds. */
  continueTokenMs: 5 * 60_000,
  /** Snapshots held for paged lists. Each costs what has changed since it was taken. */
  pinnedListsMax: 128,
  /** Largest page a list without limit is written in. */
  listChunkBytes: 64 * 1024,
  /** Bytes waiting for a watcher that does not read; beyond it its stream is ended. */
  watchBufferBytesMax: 4 * 1024 * 1024,
  /** How long the rest of a watch that has ended may take to reach its watcher over a WebSocket. */
  watchFlushMs: 30_000,
  /** Events made into bytes and written at a time. */
  watchPortionEvents: 32,
  /** Changes waiting behind the state that a watch begins with; beyond it its stream is ended. */
  watchWaitingEventsMax: 10_000,
  /** Between two bookmarks of a watch. */
  bookmarkIntervalMs: 60_000,
  /** Streams are ended after a random time between this and twice it, as upstream does. */
  watchTimeoutMinMs: 30 * 60_000,
  /** Longest grace of a deletion, a hundred years: its end is a time that can be written. */
  gracePeriodSecondsMax: 100 * 365 * 24 * 3600,
  /** Attempts of one write against concurrent writers, of whom one succeeds each time. */
  writeAttemptsMax: 256,
  /** Time a request other than a watch may take. */
  requestTimeoutMs: 60_000,
  readOnlyInFlightMax: 400,
  mutatingInFlightMax: 200,
  /** Attempts to find a free generated name. */
  generateNameAttemptsMax: 8,
  nameSuffixLength: 5,
  /** Longest prefix of a generated name: 63 less the suffix. */
  generateNamePrefixMax: 58,
  /** Records read from the store at a time while a cache loads. */
  loadPageRecords: 500,
  /** Time that ending watches and finishing requests may take at shutdown. */
  shutdownMs: 5_000,
} as const

assert(
  limits.writeAttemptsMax > limits.mutatingInFlightMax,
  'a write that meets all others still has its turn',
)
assert(
  limits.nameSuffixLength + limits.generateNamePrefixMax === 63,
  'a generated name fits a DNS label',
)
