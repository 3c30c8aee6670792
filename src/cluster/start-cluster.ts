import { Node } from '#api'
import {
  createApiServer,
  networkConnections,
  noNodeConnections,
  serveHttps,
  type ApiServer,
  type HttpsServer,
  type NodeConnections,
} from '#apiserver'
import {
  poll,
  realClock,
  realRandom,
  seededRandom,
  silentLog,
  VirtualClock,
  type Clock,
  type Log,
  type Random,
} from '#base'
import { Client, inProcessTransport, standaloneKubeconfig } from '#client'
import { parseDurationMs } from '#machinery'
import { memoryPki, privateKeyToPem, type Pki } from '#pki'
import { SimulatedConnections, simulatedKubelet, type SimulatedNodes } from '#simulation'
import { openStore, type Store } from '#store'
import { startComponents, type Components } from './components.ts'
import { controllerOptions, defaultClusterCidrs } from './controller-options.ts'
import { contextOf, kubeletCredentials } from './context.ts'
import { watchForForgottenClusters } from './forgotten.ts'

export interface StartClusterOptions {
  /** Nodes without containers, whose pods run all the same; default 0. */
  readonly simulatedNodes?: number
  /** Serve on a free port of 127.0.0.1, for clients in other processes and languages. */
  readonly https?: boolean
  /** Time stands still but for `advance`. Not together with `https`. */
  readonly virtualTime?: boolean
  /** The same seed gives the same names, addresses and order; chance where absent. */
  readonly seed?: number
  /** Only the API server: no scheduler, no controllers. */
  readonly apiOnly?: boolean
  readonly log?: Log
}

/** A whole cluster in this process, on a store in memory. Dispose of it: `await using`. */
export interface Cluster extends AsyncDisposable {
  /** Acts as the cluster's administrator. */
  readonly client: Client
  /** Of the administrator, as YAML; needs `https`. */
  readonly kubeconfig: string
  /** The clock the cluster lives by. */
  readonly clock: Clock
  /** The simulated nodes, to be killed and revived; undefined where there are none. */
  readonly nodes: SimulatedNodes | undefined
  /** With `virtualTime`: runs everything due within a Go duration, such as '5m'. */
  advance(duration: string): Promise<void>
}

/**
 * Starts a cluster for a test: the real API server, controllers and scheduler, in milliseconds.
 * Several at once know nothing of each other. After disposal no port, file, thread or timer is left;
 * where there was none, `place` is named when the process ends.
 */
export async function startCluster(options: StartClusterOptions, place: string): Promise<Cluster> {
  const { https = false, virtualTime = false, seed, log = silentLog } = options
  if (https && virtualTime) {
    throw new TypeError(
      'startCluster: https and virtualTime exclude each other: a client over a socket lives in real time',
    )
  }
  const virtual = virtualTime ? new VirtualClock() : undefined
  const clock = virtual ?? realClock
  const random = seed === undefined ? realRandom : seededRandom(seed)
  const undo: (() => Promise<unknown>)[] = []
  const forget = watchForForgottenClusters(place)
  const dispose = async () => {
    forget()
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    return await start({ ...options, clock, random, log, https }, undo, virtual, dispose)
  } catch (error) {
    await dispose()
    throw error
  }
}

async function start(
  options: StartClusterOptions & {
    readonly clock: Clock
    readonly random: Random
    readonly log: Log
  },
  undo: (() => Promise<unknown>)[],
  virtual: VirtualClock | undefined,
  dispose: () => Promise<void>,
): Promise<Cluster> {
  const { clock, random, log } = options
  const pki = memoryPki({
    clock,
    random,
    // Keys of this type come from the seed; others only the operating system can make.
    ...(options.seed === undefined ? {} : { keyType: 'ed25519' as const }),
    hostName: 'localhost',
    serviceIps: ['10.43.0.1'],
  })
  const store = await openStore({ type: 'memory', clock, random, log })
  undo.push(async () => store[Symbol.asyncDispose]())
  const network =
    options.https === true
      ? networkConnections({
          clock,
          random,
          credentials: () => kubeletCredentials(pki),
          locate: simulatedKubelet,
        })
      : undefined
  if (network !== undefined) undo.push(() => network.close())
  const connections = new SimulatedConnections(network ?? noNodeConnections)
  const api = await createApi(options, store, pki, connections)
  undo.push(() => settled(virtual, api.shutdown()))
  const user = {
    name: 'kubernetes-admin',
    uid: '',
    groups: ['system:masters', 'system:authenticated'],
    extra: {},
  }
  const client = new Client(inProcessTransport(api, { user, userAgent: 'k8ts-test' }), clock)
  undo.push(async () => client[Symbol.asyncDispose]())
  const components =
    options.apiOnly === true
      ? undefined
      : await startAll(options, { api, pki, connections }, virtual)
  if (components !== undefined) {
    undo.push(() => settled(virtual, disposeOf(components)))
    await settled(virtual, nodesTakePods(client, clock))
  }
  const server = options.https === true ? await serve(options, api, pki) : undefined
  if (server !== undefined) undo.push(async () => server.close(0))
  const kubeconfig =
    server === undefined
      ? undefined
      : await standaloneKubeconfig(contextOf(`https://127.0.0.1:${server.port}`, pki))
  return {
    client,
    clock,
    nodes: components?.nodes,
    [Symbol.asyncDispose]: dispose,
    get kubeconfig() {
      if (kubeconfig === undefined)
        throw new TypeError('this cluster has no kubeconfig: start it with https: true')
      return kubeconfig
    },
    async advance(duration) {
      if (virtual === undefined)
        throw new TypeError('this cluster lives in real time: start it with virtualTime: true')
      await virtual.advance(parseDurationMs(duration))
    },
  }
}

async function disposeOf(components: Components): Promise<void> {
  await components[Symbol.asyncDispose]()
}

function createApi(
  { clock, random, log }: { readonly clock: Clock; readonly random: Random; readonly log: Log },
  store: Store,
  pki: Pki,
  nodes: NodeConnections,
): Promise<ApiServer> {
  return createApiServer({
    store,
    nodes,
    clock,
    random,
    log,
    clientCa: pki.ca.certificate.pem,
    requestHeaderCa: undefined,
    serviceAccountKey: privateKeyToPem(pki.serviceAccount.privateKey),
    serviceAccountIssuer: 'https://kubernetes.default.svc.cluster.local',
    serviceCidrs,
    nodePorts: { from: 30_000, to: 32_767 },
    advertise: undefined,
  })
}

async function startAll(
  {
    clock,
    random,
    log,
    simulatedNodes = 0,
    https = false,
  }: StartClusterOptions & { readonly clock: Clock; readonly random: Random; readonly log: Log },
  {
    api,
    pki,
    connections,
  }: {
    readonly api: ApiServer
    readonly pki: Pki
    readonly connections: SimulatedConnections
  },
  virtual: VirtualClock | undefined,
): Promise<Components> {
  return settled(
    virtual,
    startComponents({
      api,
      clock,
      random,
      log,
      simulatedNodes,
      connections,
      kubeletCa: https ? pki.ca : undefined,
      controllers: controllerOptions(pki, serviceCidrs, defaultClusterCidrs),
    }),
  )
}

/**
 * A new node is tainted until the controllers have seen that it is ready. Who made pods before would
 * find all of them on the node that was first.
 */
async function nodesTakePods(client: Client, clock: Clock): Promise<void> {
  const what = 'nodes that take pods'
  await poll({ clock, what, intervalMs: 1, timeoutMs: nodesReadyMs }, async () => {
    const { items } = await client.resource(Node).list()
    return items.every(({ spec }) => (spec.taints ?? []).length === 0)
  })
}

const nodesReadyMs = 30_000

/** Under virtual time somebody has to let time pass while the cluster starts or stops. */
async function settled<T>(virtual: VirtualClock | undefined, work: Promise<T>): Promise<T> {
  if (virtual === undefined) return work
  let over = false
  const done = work.finally(() => {
    over = true
  })
  // A failure is met by the await below.
  done.catch(() => {})
  for (let steps = 0; steps < settlingStepsMax; steps++) {
    await virtual.settle()
    if (over) break
    await virtual.advance(settlingStepMs)
  }
  return done
}

const serviceCidrs = ['10.43.0.0/16']
const settlingStepMs = 10
/** Some minutes of virtual time. */
const settlingStepsMax = 20_000

function serve(
  { clock, log }: { readonly clock: Clock; readonly log: Log },
  api: ApiServer,
  pki: Pki,
): Promise<HttpsServer> {
  return serveHttps({
    handler: api,
    clock,
    log,
    hosts: ['127.0.0.1'],
    port: 0,
    certificate: pki.serving.certificate.pem,
    key: privateKeyToPem(pki.serving.key.privateKey),
    clientCas: [pki.ca.certificate.pem],
  })
}
