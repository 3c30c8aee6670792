import { existsSync } from 'node:fs'
import { asError, type Clock } from '#base'
import {
  Client,
  ConnectionError,
  httpsTransport,
  KubeconfigError,
  loadKubeconfig,
  type Endpoint,
} from '#client'
import { ClusterError } from '../error.ts'

/** Where a kubeconfig's current context leads. Throws a ClusterError that names the file. */
export function endpointOf(kubeconfig: string): Endpoint {
  // To kubectl a file that is missing is as good as empty; here nothing works without it.
  if (!existsSync(kubeconfig)) throw new ClusterError(`kubeconfig ${kubeconfig} is not there`)
  try {
    const { endpoint } = loadKubeconfig([kubeconfig])
    if (!URL.canParse(endpoint.server)) {
      throw new ClusterError(`kubeconfig ${kubeconfig}: "${endpoint.server}" is no address`)
    }
    return endpoint
  } catch (error) {
    if (!(error instanceof KubeconfigError)) throw error
    throw new ClusterError(error.message, { cause: error })
  }
}

/** A client over HTTPS; nothing is sent before it is used. Throws a ClusterError. */
export function clientOf(endpoint: Endpoint, userAgent: string, clock: Clock): Client {
  try {
    return new Client(httpsTransport(endpoint, { clock, userAgent }), clock)
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error
    throw new ClusterError(`the API server cannot be reached: ${asError(error).message}`, {
      cause: error,
    })
  }
}
