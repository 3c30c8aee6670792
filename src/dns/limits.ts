import { assert } from '#base'

/** Over UDP, to who does not say how much they take (RFC 1035). */
export const udpBytesPlain = 512

/** Over UDP at most: what passes every path in one piece. */
export const udpBytesMax = 1232

export const tcpBytesMax = 65_535

export const tcp = {
  connectionsMax: 256,
  /** Answers being worked on for one connection; no more is read from it until then. */
  pipelineMax: 16,
  /** Without a further question. */
  idleMs: 10_000,
}

export const forward = {
  /** Questions that wait for resolvers, those that wait for the same answer included. */
  waitingMax: 1000,
  /** For one resolver to answer. */
  attemptMs: 2000,
  /** For all of them together: what clients wait by default. */
  totalMs: 5000,
  /** A resolver that failed is asked after the others for so long. */
  avoidMs: 10_000,
}

export const cache = {
  entriesMax: 4096,
  /** Of all answers together. */
  recordsMax: 16_384,
  /** However long an answer would be valid. */
  keepSecondsMax: 30,
}

/** How long a server that starts leaves the answers to others, until it knows the cluster. */
export const firstListMs = 5_000

/** Aliases followed for one question. */
export const aliasesMax = 8

assert(forward.attemptMs < forward.totalMs, 'a second resolver is asked')
assert(forward.totalMs < tcp.idleMs, 'no connection is idle while its question is forwarded')
assert(udpBytesPlain < udpBytesMax, 'who says what they take can get more')
