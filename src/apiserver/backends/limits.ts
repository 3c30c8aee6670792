import { assert } from '#base'

/** A connection to a kubelet, pod or Service stands within this time, TLS included. */
export const dialTimeoutMs = 10_000
/** Connections kept for the next request, to each place. */
export const idleConnectionsMax = 4
export const idleTimeoutMs = 60_000
/** Of a kubelet's refusal, in bytes (upstream's). */
export const refusalBytesMax = 50_000
/** One tag of a page that is rewritten; a longer one is passed on as it is. */
export const tagCharsMax = 64 << 10
/** Commands and port-forwards that pass through the server at once. */
export const streamsMax = 10_000

assert(dialTimeoutMs < idleTimeoutMs, 'a connection is not given up while it is made')
