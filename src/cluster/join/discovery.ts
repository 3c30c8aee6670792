import { readFileSync } from 'node:fs'
import { ConfigMap } from '#api'
import { asError } from '#base'
import { Client, httpsTransport } from '#client'
import { readYaml } from '#machinery'
import { parseCertificates, PkiError, publicKeyHash } from '#pki'
import { ClusterError } from '../error.ts'
import { patiently, type StepServices } from './errors.ts'
import { clusterInfoBytesMax } from './limits.ts'

export interface DiscoveryOptions extends StepServices {
  readonly server: string
  /** Of the CA's public key, hexadecimal SHA-256. */
  readonly pin: string | undefined
  /** Of PEM: the CA was brought along. */
  readonly caFile: string | undefined
  readonly reachMs: number
  readonly userAgent: string
}

/**
 * The PEM of the CA by which the server is to be known. It comes from a file, or is fetched from
 * the server before that is trusted and held against the pin; nothing secret is sent. Rejects with
 * a ClusterError.
 */
export async function discoverCa(options: DiscoveryOptions): Promise<string> {
  const { caFile, pin, server } = options
  if (caFile !== undefined) return pinned(readCa(caFile), pin, caFile)
  if (pin === undefined) {
    throw new ClusterError(
      'the token does not say which CA the cluster has: use one as k8ts token create shows it, or add --ca-cert-hash or --ca-file',
    )
  }
  const { clock } = options
  const endpoint = { server, insecure: true }
  const transport = httpsTransport(endpoint, { clock, userAgent: options.userAgent })
  await using client = new Client(transport, clock)
  const peer = { server, shown: 'nothing' } as const
  const info = await patiently(options, peer, options.reachMs, (signal) =>
    client.resource(ConfigMap).namespace('kube-public').get('cluster-info', { signal }),
  )
  // Whoever answers may answer anything.
  const kubeconfig = fieldOf(fieldOf(info, 'data'), 'kubeconfig')
  return pinned(
    caOfClusterInfo(typeof kubeconfig === 'string' ? kubeconfig : '', server),
    pin,
    server,
  )
}

function readCa(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new ClusterError(`the CA in ${path} cannot be read: ${asError(error).message}`, {
      cause: error,
    })
  }
}

/** Those certificates of a PEM text that fit the pin; `from` says where they come from. */
function pinned(pem: string, pin: string | undefined, from: string): string {
  const certificates = certificatesOf(pem, from)
  if (pin === undefined) return certificates.map((each) => each.pem).join('')
  const fitting = certificates.filter(({ publicKey }) => publicKeyHash(publicKey) === pin)
  if (fitting.length > 0) return fitting.map((each) => each.pem).join('')
  const found = certificates.map(({ publicKey }) => `sha256:${publicKeyHash(publicKey)}`)
  throw new ClusterError(
    `${from} is not of the cluster that the token is for: its CA has ${found.join(', ')}, and not sha256:${pin}`,
  )
}

function certificatesOf(pem: string, from: string) {
  try {
    const certificates = parseCertificates(pem)
    if (certificates.length > 0) return certificates
  } catch (error) {
    if (!(error instanceof PkiError)) throw error
    throw new ClusterError(`${from} has no usable CA: ${error.message}`, { cause: error })
  }
  throw new ClusterError(`${from} has no CA: there is no certificate in it`)
}

/** The CA in the kubeconfig of kube-public/cluster-info, as PEM. It comes from a stranger. */
export function caOfClusterInfo(kubeconfig: string, server: string): string {
  const wrong = (why: string, cause?: unknown) =>
    new ClusterError(`cluster-info of ${server} is of no use: ${why}`, { cause })
  if (kubeconfig.length > clusterInfoBytesMax) throw wrong('it is too large')
  let value: unknown
  try {
    ;({ value } = readYaml(kubeconfig))
  } catch (error) {
    throw wrong('its kubeconfig is no YAML', error)
  }
  const data = fieldOf(clusterOf(value), 'certificate-authority-data')
  if (typeof data !== 'string') throw wrong('its kubeconfig has no CA')
  return Buffer.from(data, 'base64').toString()
}

/** Where the cluster says that it is. */
export function serverOfClusterInfo(kubeconfig: unknown): string | undefined {
  const server = fieldOf(clusterOf(kubeconfig), 'server')
  return typeof server === 'string' && server !== '' ? server : undefined
}

function clusterOf(kubeconfig: unknown): unknown {
  const clusters = fieldOf(kubeconfig, 'clusters')
  const first: unknown = Array.isArray(clusters) ? clusters[0] : undefined
  return fieldOf(first, 'cluster')
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return Object.entries(value).find(([key]) => key === name)?.[1]
}
