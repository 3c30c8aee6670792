import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import {
  checkServerIdentity,
  connect as connectTls,
  type ConnectionOptions,
  type PeerCertificate,
} from 'node:tls'
import type { Clock } from '#base'
import { quote } from '#machinery'
import { dialTimeoutMs, idleConnectionsMax, idleTimeoutMs } from './limits.ts'
import { dialTimeout, reachError } from './reach-error.ts'

/** A place to connect to, and how it proves that it is the one. */
export interface Endpoint {
  readonly host: string
  readonly port: number
  readonly tls: ConnectionOptions | undefined
}

/** What the server shows to kubelets, and whom it believes to be one; PEM. */
export interface KubeletCredentials {
  readonly certificate: string
  readonly key: string
  readonly ca: string
}

/** `address:port` as messages have it. */
export function addressOf({ host, port }: Pick<Endpoint, 'host' | 'port'>): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/**
 * A node's kubelet: its certificate is good for the node by name, or for its address, and belongs to
 * that node.
 */
export function kubeletTls(
  { certificate, key, ca }: KubeletCredentials,
  { host, node }: { readonly host: string; readonly node: string },
): ConnectionOptions {
  return {
    cert: certificate,
    key,
    ca,
    ...named(node),
    checkServerIdentity(_, shown) {
      const ofNode = checkServerIdentity(node, shown) === undefined
      return (ofNode ? undefined : checkServerIdentity(host, shown)) ?? checkOwner(node, shown)
    },
  }
}

/** A status that named the address of another server of the CA would send the server's key there. */
// Differs from Kubernetes: it must be a kubelet's certificate, of the very node, not any of the CA's.
function checkOwner(node: string, { subject }: PeerCertificate): Error | undefined {
  const owner = String(subject.CN)
  if (owner === `system:node:${node}`) return undefined
  const words = `certificate is of ${quote(owner)}, not of ${quote(`system:node:${node}`)}`
  return new Error(`tls: failed to verify certificate: x509: ${words}`)
}

/** Whoever answers there: what upstream's proxies to `https:` targets take. */
export function unverifiedTls(host: string): ConnectionOptions {
  return { rejectUnauthorized: false, ...named(host) }
}

/** An address is no name to ask for by SNI; left out, Node would take one from the Host header. */
function named(name: string): ConnectionOptions {
  return { servername: isIP(name) === 0 ? name : '' }
}

/** A fresh connection, TLS done. Rejects with a ReachError, also when `signal` fires. */
export function dial(endpoint: Endpoint, clock: Clock, signal: AbortSignal): Promise<Socket> {
  const { host, port, tls } = endpoint
  const socket =
    tls === undefined
      ? connectTcp({ host, port, allowHalfOpen: true })
      : connectTls({ ...tls, ...halfOpen, host, port, ALPNProtocols: ['http/1.1'] })
  const ready = tls === undefined ? 'connect' : 'secureConnect'
  return new Promise((resolve, reject) => {
    const settle = (then: () => void) => {
      timer.cancel()
      signal.removeEventListener('abort', gone)
      socket.off('error', failed)
      socket.off(ready, done)
      then()
    }
    const fail = (error: Error) =>
      settle(() => {
        socket.on('error', () => {})
        socket.destroy()
        reject(error)
      })
    const failed = (error: Error) => fail(reachError(error, addressOf(endpoint)))
    const gone = () => fail(reachError(signal.reason, addressOf(endpoint)))
    const done = () => settle(() => resolve(socket))
    const timer = clock.timer(dialTimeoutMs, () => fail(dialTimeout(addressOf(endpoint))))
    socket.once('error', failed)
    socket.once(ready, done)
    signal.addEventListener('abort', gone)
    if (signal.aborted) gone()
  })
}

/** Node takes it for TLS, too; the types do not know. */
const halfOpen = { allowHalfOpen: true }

/** Connections that are kept for the next request. */
export class ConnectionPool {
  readonly http: HttpAgent = new HttpAgent(poolOptions)
  readonly https: HttpsAgent = new HttpsAgent(poolOptions)

  /** Ends all of them, also those in use. */
  close(): void {
    this.http.destroy()
    this.https.destroy()
  }
}

const poolOptions = {
  keepAlive: true,
  maxFreeSockets: idleConnectionsMax,
  timeout: idleTimeoutMs,
} as const
