/** Bounds of the kubelet's server. Times in milliseconds. */
export const limits = {
  /** What the API server has said of a token holds so long; upstream's cacheTTL. */
  tokenMs: 2 * 60_000,
  tokensMax: 1000,
  /** What it has allowed and refused; upstream's cacheAuthorizedTTL and cacheUnauthorizedTTL. */
  allowedMs: 5 * 60_000,
  deniedMs: 30_000,
  decisionsMax: 10_000,
  /** It is waited for no longer. */
  reviewMs: 10_000,
  connectionsMax: 4096,
  headerBytesMax: 64 * 1024,
  handshakeMs: 10_000,
  /** A connection without requests; longer than clients keep one. */
  idleMs: 90_000,
  /** A peer that is silent is asked whether it is there. */
  keepAliveMs: 15_000,
  /** Who was refused an upgrade has so long to hang up. */
  refusedMs: 5_000,
  /** A port that is taken is tried again. */
  listenRetryMs: 5_000,
  /** `run` has no limit upstream; a runtime that hangs ends here. */
  runSeconds: 60 * 60,
} as const
