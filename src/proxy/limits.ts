/** A probe of the rules, and half the time after which a proxy that is behind is unhealthy. */
export const syncPeriodMs = 30_000
/** Changes that wait longer than this for the kernel make the proxy unhealthy. */
export const healthTimeoutMs = 2 * syncPeriodMs
/** Between two transactions, so that a flood of changes becomes few; the first one goes at once. */
export const syncIntervalMinMs = 50
/** After a transaction that the kernel refused. */
export const retryBackoff = { initialMs: 200, maxMs: 30_000, jitter: 0.5 }
/**
 * Up to so many endpoints are told apart by a rule each, more by a verdict map: every anonymous map
 * makes nft slower (10,000 of them: 44 s instead of 2 s for the whole table), long chains the packets.
 */
export const endpointRulesMax = 16
/** Elements in one command. */
export const elementsPerCommand = 200
/** Of conntrack's list; a busy node has some 100,000 flows. */
export const flowListBytesMax = 64 * 1024 * 1024
/** Calls of conntrack in one go, each for all flows from one address of a Service to one endpoint. */
export const flowDeletionsMax = 1_000
/** Trigger times kept until the next transaction; more are not measured. */
export const triggerTimesMax = 10_000
/** An answer of a health server under way has so long to end. */
export const httpRequestMs = 5_000
