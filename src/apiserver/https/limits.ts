import { assert } from '#base'

/** All headers of one request, in bytes as HTTP/2 counts them. */
export const headerBytesMax = 128 << 10
export const headerPairsMax = 1_000
/** Upstream's: a request's headers must be there this long after its first byte. */
export const headersTimeoutMs = 32_000
/** A whole HTTP/1.1 request, and the body of an HTTP/2 one. */
export const bodyTimeoutMs = 60_000
export const handshakeTimeoutMs = 10_000
/** Upstream's: a connection without a request is closed after this long. */
export const idleTimeoutMs = 90_000

/** Certificates of server names that are kept ready. */
export const serverNamesMax = 256

/** Times a port is looked for that is free on all hosts. */
export const freePortAttemptsMax = 16

export const streamsPerConnectionMax = 250
export const streamWindowBytes = 256 << 10
export const connectionWindowBytes = 4 << 20

/**
 * Streams a peer may reset. client-go ends a watch by resetting its stream, so a peer that has
 * shown credentials may do so without measure; any other gets Node's usual allowance.
 */
export const strangerResetBurst = 1_000
export const strangerResetsPerSecond = 33
export const resetBurst = 10_000_000
export const resetsPerSecond = 1_000_000

/** Bytes written to one watcher that it has not taken; beyond, its stream is ended. */
export const streamPendingBytesMax = 16 << 20
/** How long the rest of an ended stream may take to reach its peer. */
export const flushTimeoutMs = 30_000

/** Upstream's: shorter answers are not compressed. */
export const gzipBytesMin = 128 << 10
/** Upstream's: compression is there for slow networks, the fastest level is the right one. */
export const gzipLevel = 1

assert(headersTimeoutMs <= bodyTimeoutMs, 'headers come before bodies')
assert(streamWindowBytes <= connectionWindowBytes, 'a connection holds at least one stream')
