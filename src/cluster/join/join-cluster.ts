import { Node } from '#api'
import { formatTime, type Clock, type Log, type Random } from '#base'
import { Client, httpsTransport, type Transport } from '#client'
import { hasReason, isDNS1123Subdomain } from '#machinery'
import {
  parseCertificates,
  PkiError,
  privateKeyToPem,
  publicKeyHash,
  verifyCertificate,
  type Credential,
} from '#pki'
import { ClusterError } from '../error.ts'
import { discoverCa } from './discovery.ts'
import { patiently } from './errors.ts'
import { approvalMs, reachMs } from './limits.ts'
import { NodeCertificates } from './node-certificates.ts'
import { NodeDirectory } from './node-directory.ts'
import { KeptCredentials, type NodeCredentials } from './node-credentials.ts'
import { parseCaCertHash, parseJoinToken, type JoinToken } from './token.ts'

export interface JoinOptions {
  /** The API server, as this machine reaches it: https://host:port. */
  readonly server: string
  /** As `k8ts token create` shows it, or `<id>.<secret>`. Not needed while the directory has good credentials. */
  readonly token: string | undefined
  /** `sha256:<hex>`: pins the CA where the token does not. */
  readonly caCertHash?: string | undefined
  /** Of PEM: the CA, where it is brought along and need not be fetched. */
  readonly caFile?: string | undefined
  readonly nodeName: string
  /** Where the node keeps its kubeconfig, certificates and keys; made when absent. */
  readonly directory: string
  /** How long to try a server that cannot be reached; default a minute. */
  readonly reachMs?: number
  /** How long a certificate request may wait for its approval; default five minutes. */
  readonly approvalMs?: number
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Gives the join up. What has been joined ends by its disposal. */
  readonly signal: AbortSignal
}

const userAgent = 'kubelet'

/**
 * Makes this machine a node of a cluster, or finds that it is one: with good credentials in the
 * directory it sends nothing, so a node starts while its server is away. Otherwise it learns the
 * CA, shows the token to that server only, and asks for a certificate as `system:node:<name>`.
 *
 * A join that was cut off anywhere is taken up again by the next one. Rejects with a ClusterError
 * that says what to do, or with the signal's reason.
 */
export async function joinCluster(given: JoinOptions): Promise<NodeCredentials> {
  const options = { ...given, server: serverUrl(given.server) }
  const { nodeName, server, random, clock, log } = options
  const [problem] = isDNS1123Subdomain(nodeName)
  if (problem !== undefined)
    throw new ClusterError(`"${nodeName}" is no name for a node: ${problem}`)
  const token = options.token === undefined ? undefined : parseJoinToken(options.token)
  const pin = pinOf(options.caCertHash, token)
  const directory = new NodeDirectory(options.directory)
  const kept = keptCredential(directory, options, pin)
  const ca = kept?.ca ?? (await learnCa(options, token, pin))
  const transportOf = (credential: Credential | JoinToken): Transport =>
    httpsTransport({ server, ca, ...identity(credential) }, { clock, userAgent })
  const certificates = new NodeCertificates({
    directory,
    nodeName,
    server,
    ca,
    clock,
    random,
    log,
    reachMs: options.reachMs ?? reachMs,
    approvalMs: options.approvalMs ?? approvalMs,
  })
  let credential = kept?.credential
  if (credential === undefined || credential.certificate.notAfterMs <= clock.now()) {
    if (token === undefined) throw noToken(options, credential)
    await using bootstrap = new Client(transportOf(token), clock)
    if (credential === undefined) await checkNameIsFree(bootstrap, options)
    if (kept === undefined) directory.writeCa(ca)
    const names = { dnsNames: [], ipAddresses: [] }
    credential = await certificates.obtain(
      'client',
      names,
      { client: bootstrap, shown: 'token' },
      options.signal,
    )
  }
  directory.writeKubeconfig(server, ca)
  return new KeptCredentials({
    certificates,
    directory,
    ca,
    credential,
    token,
    transportOf,
    clock,
    random,
    log,
  })
}

function serverUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'https:' && url.hostname !== '') return text.replace(/\/+$/, '')
  throw new ClusterError(`the server is given as https://HOST:PORT, not as "${text}"`)
}

function pinOf(hash: string | undefined, token: JoinToken | undefined): string | undefined {
  if (hash === undefined) return token?.caPin
  const pin = parseCaCertHash(hash)
  if (token?.caPin !== undefined && token.caPin !== pin) {
    throw new ClusterError('the token and the hash of the CA are not of the same cluster')
  }
  return pin
}

function identity(from: Credential | JoinToken) {
  if ('secret' in from) return { token: () => `${from.id}.${from.secret}` }
  return { certificate: from.certificate.pem, key: privateKeyToPem(from.key.privateKey) }
}

interface Kept {
  readonly ca: string
  readonly credential: Credential
}

/** What the directory has, unless it is another node's or another cluster's: then a ClusterError. */
function keptCredential(
  directory: NodeDirectory,
  { nodeName }: JoinOptions,
  pin: string | undefined,
): Kept | undefined {
  const ca = directory.ca()
  const credential = directory.credential('client')
  if (ca === undefined || credential === undefined) return undefined
  const other = (whose: string) =>
    new ClusterError(
      `${directory.path} holds the credentials of ${whose}: remove it, or name another`,
    )
  const roots = parseCertificates(ca)
  if (pin !== undefined && !roots.some(({ publicKey }) => publicKeyHash(publicKey) === pin)) {
    throw other('a node of another cluster')
  }
  const { certificate } = credential
  const name = certificate.subject.commonName
  if (name !== `system:node:${nodeName}`) throw other(name.replace(/^system:node:/, 'node '))
  try {
    // Whether it is still valid is another question.
    verifyCertificate(certificate, { roots, atMs: certificate.notAfterMs, usage: 'client auth' })
  } catch (error) {
    if (!(error instanceof PkiError)) throw error
    throw other(`a node of another cluster than the CA beside them (${error.message})`)
  }
  return { ca, credential }
}

function learnCa(
  options: JoinOptions,
  token: JoinToken | undefined,
  pin: string | undefined,
): Promise<string> {
  if (token === undefined) throw noToken(options, undefined)
  const { caFile } = options
  return discoverCa({ ...options, pin, caFile, reachMs: options.reachMs ?? reachMs, userAgent })
}

function noToken({ nodeName, directory }: JoinOptions, had: Credential | undefined): ClusterError {
  const why =
    had === undefined
      ? `${directory} holds no credentials of node ${nodeName}`
      : `the certificate of node ${nodeName} expired at ${formatTime(had.certificate.notAfterMs)}`
  return new ClusterError(`${why}: join with --token; k8ts token create, on the server, makes one`)
}

/** Two machines of one name would each undo what the other does. */
async function checkNameIsFree(client: Client, options: JoinOptions): Promise<void> {
  const { nodeName, server } = options
  const peer = { server, shown: 'token' } as const
  const node = await patiently(options, peer, options.reachMs ?? reachMs, async (signal) => {
    try {
      return await client.resource(Node).get(nodeName, { signal })
    } catch (error) {
      // Other clusters need not let the token look.
      if (hasReason(error, 'NotFound') || hasReason(error, 'Forbidden')) return undefined
      throw error
    }
  })
  const ready = node?.status.conditions?.find(({ type }) => type === 'Ready')
  if (ready?.status !== 'True') return
  throw new ClusterError(
    `the cluster has a node ${nodeName}, which is ready: give this one another name, or delete that one with kubectl delete node ${nodeName}`,
  )
}
