import type { TokenAuthenticator } from '../authentication/authenticator.ts'
import type { TokenIssuer } from '../authentication/token-issuer.ts'
import type { Authorizer } from '../authorization/authorizer.ts'
import type { Lookup } from '../lookup.ts'
import type { Registry } from '../registry/call.ts'
import type { NodeConnections } from './node-connections.ts'

/** What kinds need to answer with effects. */
export interface KindDependencies {
  readonly registry: Pick<Registry, 'cache' | 'clock' | 'random' | 'store'>
  readonly lookup: Lookup
  readonly authorizer: Authorizer
  readonly tokens: TokenAuthenticator
  readonly issuer: TokenIssuer
  /** The ranges the server was started with: they say which families Services have, and in what order. */
  readonly serviceCidrs: readonly string[]
  /** Both ends are included. */
  readonly nodePorts: PortRange
  /** The server's health checks by name, with what is wrong where something is. */
  readonly componentHealth: () => ReadonlyMap<string, string | undefined>
  /** How kubelets are reached; absent, they are not. */
  readonly nodes?: NodeConnections
}

export interface PortRange {
  readonly from: number
  readonly to: number
}
