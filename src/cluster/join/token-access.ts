import { existsSync } from 'node:fs'
import { ConfigMap } from '#api'
import type { Clock, Random } from '#base'
import { ConnectionError, type Client, type Endpoint } from '#client'
import { readYaml, StatusError } from '#machinery'
import { clientOf, endpointOf } from '../alone/api-access.ts'
import { dataDirectoryAt } from '../data-directory.ts'
import { ClusterError } from '../error.ts'
import {
  createBootstrapToken,
  deleteBootstrapToken,
  listBootstrapTokens,
  type BootstrapToken,
  type NewToken,
} from './bootstrap-tokens.ts'
import { serverOfClusterInfo } from './discovery.ts'
import { caPin, formatJoinToken, parseJoinToken } from './token.ts'

/** Which cluster's tokens: by a kubeconfig, else by the data directory of a server here. */
export interface TokenAccess {
  readonly kubeconfig: string | undefined
  readonly dataDir: string
  readonly clock: Clock
  readonly random: Random
}

/** What a machine is to be told so that it joins. */
export interface JoinInvitation {
  readonly token: string
  /** Where the cluster says that others reach it. */
  readonly server: string
}

/** Makes a token. Rejects with a ClusterError, as the others here do. */
export function inviteNode(access: TokenAccess, wanted: NewToken): Promise<JoinInvitation> {
  return withClient(access, async (client, endpoint) => {
    const { ca, server } = endpoint
    if (ca === undefined) {
      throw new ClusterError(
        'the kubeconfig does not say which CA the cluster has, and a token is to pin it: add certificate-authority-data',
      )
    }
    const pin = caPin(ca)
    const made = await createBootstrapToken(client, wanted, access)
    const token = formatJoinToken({ ...made, caPin: pin })
    return { token, server: (await announcedServer(client)) ?? server }
  })
}

export function listTokens(access: TokenAccess): Promise<readonly BootstrapToken[]> {
  return withClient(access, listBootstrapTokens)
}

/** By its id, or by the whole token. */
export function deleteToken(access: TokenAccess, text: string): Promise<void> {
  const id = text.includes('.') ? parseJoinToken(text).id : text
  return withClient(access, (client) => deleteBootstrapToken(client, id))
}

/** Undefined where the cluster announces nothing, as one without k8ts' server may not. */
async function announcedServer(client: Client): Promise<string | undefined> {
  try {
    const info = await client.resource(ConfigMap).namespace('kube-public').get('cluster-info')
    return serverOfClusterInfo(readYaml(info.data?.['kubeconfig'] ?? '').value)
  } catch (error) {
    if (error instanceof StatusError) return undefined
    throw error
  }
}

async function withClient<T>(
  { kubeconfig, dataDir, clock }: TokenAccess,
  work: (client: Client, endpoint: Endpoint) => Promise<T>,
): Promise<T> {
  const { adminKubeconfig, path } = dataDirectoryAt(dataDir)
  if (kubeconfig === undefined && !existsSync(adminKubeconfig)) {
    throw new ClusterError(
      `data directory ${path} holds no kubeconfig: start the server first, or name one by --kubeconfig`,
    )
  }
  const endpoint = endpointOf(kubeconfig ?? adminKubeconfig)
  await using client = clientOf(endpoint, 'k8ts', clock)
  try {
    return await work(client, endpoint)
  } catch (cause) {
    if (cause instanceof ConnectionError) {
      const why = `${endpoint.server} cannot be reached: ${cause.message}`
      throw new ClusterError(`${why}; k8ts status says whether the server runs`, { cause })
    }
    if (!(cause instanceof StatusError)) throw cause
    throw new ClusterError(`${endpoint.server} refuses: ${cause.message}`, { cause })
  }
}
