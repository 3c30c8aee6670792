/**
 * What a cluster says to its controllers; the flags of upstream's kube-controller-manager. A
 * controller that cannot work without an option which is absent is left out.
 */
export interface ControllerOptions {
  /** PEM of the CAs that clients in pods trust the API server by: kube-root-ca.crt. */
  readonly rootCa?: string
  /** PEM private key that signs the tokens kept in Secrets: the API server's. */
  readonly serviceAccountKey?: string
  /** PEM certificate and key of the CA that signs CertificateSigningRequests. */
  readonly signingCa?: { readonly certificate: string; readonly key: string }
  /** The longest life of a certificate that is signed; default a year. */
  readonly signingDurationMs?: number
  /** Bootstrap tokens sign cluster-info, and are deleted when they have expired. */
  readonly bootstrapTokens?: boolean
  /** Serving certificates of kubelets are approved where they say what the Node says. */
  readonly approveKubeletServing?: boolean
  /** Prefixes of pod addresses, one for each IP family: each node gets a part of each. */
  readonly clusterCidrs?: readonly string[]
  /** Parts of the cluster prefixes that no node gets, where they overlap. */
  readonly serviceCidrs?: readonly string[]
  /** Prefix length of a node's part; default 24, for IPv6 64. */
  readonly nodeCidrMaskSizes?: { readonly ipv4?: number; readonly ipv6?: number }
  readonly nodeLifecycle?: Partial<NodeLifecycleOptions>
  /** Terminated pods beyond this number are deleted, the oldest first; 0: none. Default 12,500. */
  readonly terminatedPodsMax?: number
}

export interface NodeLifecycleOptions {
  /** How often the health of nodes is looked at. */
  readonly monitorPeriodMs: number
  /** A node that is silent for so long is unreachable. */
  readonly monitorGracePeriodMs: number
  /** The same for one that has never said anything. */
  readonly startupGracePeriodMs: number
  /** Nodes a second and zone whose pods are evicted. */
  readonly evictionRate: number
  /** The same while much of a large zone is not ready; in a small one none are. */
  readonly secondaryEvictionRate: number
  /** A zone with more nodes than this is large. */
  readonly largeClusterSizeThreshold: number
  /** A zone of whose nodes this fraction is not ready is disrupted. */
  readonly unhealthyZoneThreshold: number
}
