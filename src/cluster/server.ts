import { hostname } from 'node:os'
import { builtinResources } from '#api'
import {
  createApiServer,
  networkConnections,
  serveHttps,
  type ApiServer,
  type HttpsServer,
  type NodeConnections,
} from '#apiserver'
import { formatTime, withTimeout, type Clock, type Log, type Random } from '#base'
import type { NodeLifecycleOptions } from '#controllers'
import {
  Client,
  inProcessTransport,
  kubeconfigPaths,
  mergeContext,
  standaloneKubeconfig,
  type ContextEntry,
} from '#client'
import { storagePrefix } from '#machinery'
import { ensurePki, privateKeyToPem, type Pki } from '#pki'
import { SimulatedConnections, simulatedKubelet } from '#simulation'
import { openStore, type Store } from '#store'
import { addons } from './addons/objects.ts'
import { applyAddons } from './addons/apply-addons.ts'
import type { ClusterSettings } from './addons/cluster-settings.ts'
import {
  advertisedAddress,
  dnsServiceIp,
  firstServiceIp,
  isEverywhere,
  listenAddresses,
  localAddress,
  urlOf,
} from './addresses.ts'
import { asClusterError } from './as-cluster-error.ts'
import { renewCertificates } from './certificate-renewal.ts'
import { contextOf, kubeletCredentials } from './context.ts'
import { controllerOptions, defaultClusterCidrs } from './controller-options.ts'
import { ControlPlane } from './control-plane.ts'
import { serveControl } from './control.ts'
import { openDataDirectory, writeWhole, type DataDirectory } from './data-directory.ts'
import { startHostNetwork } from './host-network.ts'
import { listenError } from './listen-error.ts'
import { claimServer } from './process-file.ts'
import type { PublishedPort } from './published-port.ts'

export interface ServerOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly dataDir: string
  /** Addresses of this machine, one at least; 0.0.0.0 and :: are all of them. */
  readonly bindAddresses: readonly string[]
  /** Where others reach the server; undefined: the first address it is bound to that they can. */
  readonly advertiseAddress?: string | undefined
  /** 0: any that is free. */
  readonly apiPort: number
  readonly store: StoreChoice
  /** Where the context `k8ts` is merged in; `undefined`: nowhere. */
  readonly kubeconfig: KubeconfigChoice | undefined
  readonly serviceCidrs: readonly string[]
  /** Of pod addresses, one for each IP family; each node gets a part. */
  readonly clusterCidrs?: readonly string[]
  readonly nodePorts: { readonly from: number; readonly to: number }
  readonly clusterDomain: string
  /** No scheduler, no controllers: those run elsewhere, or not at all. */
  readonly apiOnly?: boolean
  /** Nodes without containers, for trying things out. */
  readonly simulatedNodes?: number
  /** Keep routes to nodes' pods on this machine, as root: it is on no node, and nodes are near. */
  readonly nodeRoutes?: boolean
  /** Ports of this machine that lead to node ports. */
  readonly publish?: readonly PublishedPort[]
  /** How soon nodes that say nothing are given up. */
  readonly nodeLifecycle?: Partial<NodeLifecycleOptions>
  /** More names and addresses that the serving certificate is good for. */
  readonly extraNames?: readonly string[]
  /** The store failed for good. The server refuses everything; end the process. */
  readonly onFatal?: (error: Error) => void
}

export type StoreChoice =
  | { readonly type: 'memory' }
  | { readonly type: 'sqlite' }
  | {
      readonly type: 'etcd'
      readonly endpoints: readonly string[]
      readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string }
    }

export interface KubeconfigChoice {
  /** The user named the file: not being able to write it is an error and no warning. */
  readonly path: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
}

export interface Server {
  readonly url: string
  readonly port: number
  /** Where the context `k8ts` is: the user's kubeconfig, or the one in the data directory. */
  readonly kubeconfig: string
  /** Calls the server in process as its administrator. */
  readonly client: Client
  /**
   * Ends watches, lets requests in flight finish, closes the store. Takes a few seconds at most.
   * Idempotent.
   */
  close(): Promise<void>
}

/** Requests in flight have this long to end, then their connections. */
const shutdownMs = 5_000
const drainMs = 2_000

/**
 * Starts a control plane's API server on a data directory; resolves when it is ready. Rejects with
 * a ClusterError that says in a sentence what stands in the way, and leaves nothing half-made.
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const undo: (() => unknown)[] = []
  try {
    return await start(options, undo)
  } catch (error) {
    // Looked at first: what is removed next may have been what filled the disk.
    const told = asClusterError(error, options.dataDir) ?? error
    for (const step of undo.reverse()) await step()
    throw told
  }
}

async function start(options: ServerOptions, undo: (() => unknown)[]): Promise<Server> {
  const { clock, random, log } = options
  const serviceIps = options.serviceCidrs.map(firstServiceIp)
  const directory = openDataDirectory(options.dataDir)
  undo.push(() => directory.abandon())
  const claim = claimServer(directory)
  undo.push(() => claim.release())
  const { names, ips } = sortNames(options)
  const pki = ensurePki(directory.pki, {
    clock,
    random,
    hostName: hostname(),
    serviceIps,
    clusterDomain: options.clusterDomain,
    extraDnsNames: names,
    extraIps: ips,
  })
  const gate = new Gate()
  const https = await listen(options, pki, gate)
  undo.push(() => https.close(0))
  const store = await openStoreOf(options, directory)
  undo.push(() => store[Symbol.asyncDispose]())
  const kubelets = networkConnections({
    clock,
    random,
    credentials: () => kubeletCredentials(pki),
    locate: simulatedKubelet,
  })
  undo.push(() => kubelets.close())
  const nodes = new SimulatedConnections(kubelets)
  const api = await createApi(options, { store, pki, nodes, port: https.port })
  undo.push(() => api.shutdown())
  gate.open(api)
  const control = await serveControl(directory.controlSocket, store)
  undo.push(() => control.close())

  const user = { name: 'kubernetes-admin', uid: '', groups: ['system:masters'], extra: {} }
  const client = new Client(inProcessTransport(api, { user, userAgent: 'k8ts' }), clock)
  undo.push(() => client[Symbol.asyncDispose]())
  const hostNetwork = await startHostNetwork({
    client,
    clock,
    random,
    log,
    nodeRoutes: options.nodeRoutes ?? false,
    clusterCidrs: clusterCidrsOf(options),
    publish: options.publish ?? [],
  })
  undo.push(() => hostNetwork[Symbol.asyncDispose]())

  const url = urlOf(localAddress(options.bindAddresses), https.port)
  const kubeconfig = await writeKubeconfigs(options, contextOf(url, pki), directory)
  claim.ready({ url, store: options.store.type, startedAt: formatTime(clock.now()) })

  const controlPlane =
    options.apiOnly === true
      ? undefined
      : new ControlPlane({
          api,
          client,
          clock,
          random,
          log,
          simulatedNodes: options.simulatedNodes ?? 0,
          controllers: {
            ...controllerOptions(pki, options.serviceCidrs, clusterCidrsOf(options)),
            bootstrapTokens: true,
            approveKubeletServing: true,
            ...(options.nodeLifecycle === undefined
              ? {}
              : { nodeLifecycle: options.nodeLifecycle }),
          },
          connections: nodes,
          kubeletCa: pki.ca,
          shared: options.store.type === 'etcd',
          identity: `${hostname()}_${random.uuid()}`,
        })
  const stopping = new AbortController()
  const { signal } = stopping
  const renewing = renewCertificates({
    pki,
    clock,
    log,
    signal,
    async renewed() {
      const { certificate, key } = pki.serving
      https.useCertificate(certificate.pem, privateKeyToPem(key.privateKey))
      await writeKubeconfigs(options, contextOf(url, pki), directory)
    },
  })
  const applied =
    options.apiOnly === true
      ? Promise.resolve()
      : applyAddons(addonsOf(options, pki, https.port), { client, clock, random, log, signal })
  let closing: Promise<void> | undefined
  const close = async () => {
    stopping.abort()
    await applied
    await renewing
    await controlPlane?.[Symbol.asyncDispose]()
    await hostNetwork[Symbol.asyncDispose]()
    // Watches end first: they are what keeps connections open.
    await withTimeout(clock, api.shutdown(), shutdownMs, 'requests in flight').catch(
      (error: Error) => log.warn('some requests did not end', { error: error.message }),
    )
    await client[Symbol.asyncDispose]()
    await kubelets.close()
    await https.close(drainMs)
    await control.close()
    await store[Symbol.asyncDispose]()
    claim.release()
  }
  return {
    url,
    port: https.port,
    kubeconfig,
    client,
    close: () => (closing ??= close()),
  }
}

/** Requests that come before the API server is there wait for it. */
class Gate {
  readonly #opened = Promise.withResolvers<ApiServer>()
  #api: ApiServer | undefined

  open(api: ApiServer): void {
    this.#api = api
    this.#opened.resolve(api)
  }

  readonly handler: Pick<ApiServer, 'answer' | 'serve'> = {
    serve: async (request) => (this.#api ?? (await this.#opened.promise)).serve(request),
    answer: async (request) => (this.#api ?? (await this.#opened.promise)).answer(request),
  }
}

async function listen(options: ServerOptions, pki: Pki, gate: Gate): Promise<HttpsServer> {
  try {
    return await serveHttps({
      handler: gate.handler,
      clock: options.clock,
      log: options.log,
      hosts: listenAddresses(options.bindAddresses),
      port: options.apiPort,
      certificate: pki.serving.certificate.pem,
      key: privateKeyToPem(pki.serving.key.privateKey),
      clientCas: [pki.ca.certificate.pem, pki.frontProxyCa.certificate.pem],
    })
  } catch (cause) {
    throw listenError('--api-port', cause)
  }
}

function openStoreOf(options: ServerOptions, directory: DataDirectory): Promise<Store> {
  const { clock, random, log, onFatal } = options
  const shortHistory = builtinResources
    .filter(({ history }) => history === 'short')
    .map(storagePrefix)
  const services = { clock, random, log, shortHistory, onFatal }
  switch (options.store.type) {
    case 'memory':
      return openStore({ type: 'memory', ...services })
    case 'sqlite':
      return openStore({ type: 'sqlite', dataDir: directory.store, ...services })
    case 'etcd':
      return openStore({ ...options.store, ...services })
  }
}

function createApi(
  options: ServerOptions,
  {
    store,
    pki,
    nodes,
    port,
  }: {
    readonly store: Store
    readonly pki: Pki
    readonly nodes: NodeConnections
    readonly port: number
  },
): Promise<ApiServer> {
  const address = advertisedBy(options)
  return createApiServer({
    store,
    nodes,
    clock: options.clock,
    random: options.random,
    log: options.log,
    clientCa: pki.ca.certificate.pem,
    requestHeaderCa: pki.frontProxyCa.certificate.pem,
    serviceAccountKey: privateKeyToPem(pki.serviceAccount.privateKey),
    serviceAccountIssuer: `https://kubernetes.default.svc.${options.clusterDomain}`,
    serviceCidrs: options.serviceCidrs,
    nodePorts: options.nodePorts,
    sharedStore: options.store.type === 'etcd',
    advertise: address === undefined ? undefined : { address, port },
  })
}

function advertisedBy({ advertiseAddress, bindAddresses }: ServerOptions): string | undefined {
  return advertiseAddress ?? advertisedAddress(bindAddresses)
}

function addonsOf(options: ServerOptions, pki: Pki, port: number) {
  const address = advertisedBy(options) ?? localAddress(options.bindAddresses)
  return addons({
    server: urlOf(address, port),
    ca: pki.ca.certificate.pem,
    settings: settingsOf(options),
  })
}

function settingsOf(options: ServerOptions): ClusterSettings {
  const { serviceCidrs, clusterDomain } = options
  const clusterDns = [dnsServiceIp(serviceCidrs[0] ?? '')]
  return { clusterCidrs: clusterCidrsOf(options), serviceCidrs, clusterDns, clusterDomain }
}

function clusterCidrsOf({ clusterCidrs = defaultClusterCidrs }: ServerOptions): readonly string[] {
  return clusterCidrs
}

/** What the serving certificate is good for beside what every one is. */
function sortNames(options: ServerOptions): {
  names: readonly string[]
  ips: readonly string[]
} {
  const { bindAddresses, extraNames = [] } = options
  const advertised = advertisedBy(options)
  const all = new Set([
    ...extraNames,
    ...bindAddresses.filter((address) => !isEverywhere(address)),
    ...(advertised === undefined ? [] : [advertised]),
  ])
  const isIp = (name: string) => /^[\d.]+$|:/.test(name)
  return { names: [...all].filter((name) => !isIp(name)), ips: [...all].filter(isIp) }
}

/** The administrator's context, here and where the user wants it: resolves with the latter. */
async function writeKubeconfigs(
  { kubeconfig, log, clock }: ServerOptions,
  context: ContextEntry,
  directory: DataDirectory,
): Promise<string> {
  writeWhole(directory.adminKubeconfig, await standaloneKubeconfig(context))
  if (kubeconfig === undefined) return directory.adminKubeconfig
  const { path, env } = kubeconfig
  try {
    return await mergeContext(kubeconfigPaths(path, env), context, clock)
  } catch (error) {
    if (path !== undefined) throw error
    const message = error instanceof Error ? error.message : String(error)
    log.warn('the context was not merged into your kubeconfig', { error: message })
    return directory.adminKubeconfig
  }
}
