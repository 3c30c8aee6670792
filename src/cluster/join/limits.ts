/** How long a server that cannot be reached, or is not ready for nodes yet, is asked again. */
export const reachMs = 60_000
/** How long a request for a certificate may stay undecided; someone may have to look at it. */
export const approvalMs = 5 * 60_000
export const retryMinMs = 250
export const retryMaxMs = 5_000
/** Between attempts to renew a certificate, and the least between two renewals. */
export const renewalRetryMinMs = 2_000
export const renewalRetryMaxMs = 5 * 60_000
export const renewalGapMs = 60_000
/** Of the kubeconfig in cluster-info, which is read before the server is trusted. */
export const clusterInfoBytesMax = 64 << 10
