import type { Clock, Log, Random } from '#base'
import type { Resource } from '#machinery'
import type { Store } from '#store'
import type { NodeConnections } from './kinds/node-connections.ts'

/** What an API server is made of; the cluster room puts it together. */
export interface ApiServerOptions {
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** PEM of the CAs whose client certificates are users; none: no x509 users. */
  readonly clientCa: string | undefined
  /** PEM of the CA whose certificates may set X-Remote-* headers. */
  readonly requestHeaderCa: string | undefined
  /** PEM private key that signs service account tokens; its public half verifies them. */
  readonly serviceAccountKey: string
  /** The `iss` of service account tokens, such as https://kubernetes.default.svc.cluster.local. */
  readonly serviceAccountIssuer: string
  /** IPv4 or IPv6 prefixes, the first is the primary one: 10.43.0.0/16. */
  readonly serviceCidrs: readonly string[]
  readonly nodePorts: { readonly from: number; readonly to: number }
  /** Other API servers may use the same store (etcd): they tell each other where they are. */
  readonly sharedStore?: boolean
  /** Where the server can be reached, for the `kubernetes` Service's endpoints. */
  readonly advertise: { readonly address: string; readonly port: number } | undefined
  /** How kubelets, and pods and Services behind them, are reached; absent, they are not. Its owner closes it. */
  readonly nodes?: NodeConnections | undefined
  /** More kinds than the built-in ones, from the start. */
  readonly extraResources?: readonly Resource[]
}
