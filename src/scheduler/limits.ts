import { assert } from '#base'

/** The backoff of a pod after its first failed attempt; each further one doubles it. */
export const initialBackoffMs = 1_000
export const backoffMaxMs = 10_000

/** How long a pod waits for an event that helps it before it is tried again anyway. */
export const unschedulableMaxMs = 5 * 60_000

/** How often pods that wait too long and assumptions that stay unconfirmed are looked for. */
export const housekeepingMs = 30_000

/**
 * How long a pod may stand on a node by our word alone after its binding was accepted, before the
 * API server is asked where it is.
 */
export const assumedMaxMs = 60_000

/** Calls of the scheduler to the API server that are under way at once. */
export const callsInFlightMax = 128

/** How long the scheduling loop may hold the thread. */
export const sliceMs = 5

/** Pod shapes remembered, and scheduling plans made for them, per profile. */
export const shapesMax = 4_096
export const plansMax = 64

/** Counts of pods by domain that are kept up to date for those who ask for them. */
export const talliesMax = 2_048

/** Nodes that are compared when pods are to be evicted: each takes some hundred microseconds. */
export const candidatesMax = 100

/** Below so many nodes all feasible ones are scored; above, at least so many. */
export const feasibleNodesMin = 100
export const feasiblePercentMin = 5

export const scoreMax = 100

/** The longest note of an event (events.k8s.io/v1). */
export const noteLengthMax = 1_024

assert(initialBackoffMs <= backoffMaxMs, 'the first backoff is the shortest')
assert(backoffMaxMs < unschedulableMaxMs, 'backoff ends before a pod has waited too long')
