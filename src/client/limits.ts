/** An answer that is not a stream; upstream's server never takes longer. */
export const callTimeoutMs = 65_000
export const connectTimeoutMs = 10_000
/** A connection that is quiet this long while somebody waits is asked whether it is alive. */
export const pingIntervalMs = 30_000
export const pingTimeoutMs = 15_000

/** One object of a watch stream, in bytes. */
export const frameBytesMax = 16 << 20
/** A whole answer, in bytes. */
export const answerBytesMax = 2 ** 30
/** Events a watch keeps for a consumer that is behind. */
export const watchBufferMax = 10_000

/** Upstream's client-go asks for lists in pages of this many. */
export const pageSize = 500
/** How often a call that the server puts off (429 with Retry-After) is made again. */
export const retriesMax = 10
/** Watches of informers end and are resumed after this to twice this. */
export const watchTimeoutMinSeconds = 300
