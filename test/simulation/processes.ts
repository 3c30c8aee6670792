import { Node, Pod } from '#api'
import { createApiServer, type ApiServer } from '#apiserver'
import { asError, type Log, type Random } from '#base'
import { Client, EventBroadcaster, Informers, inProcessTransport } from '#client'
import { controllers, runControllers, type Controller, type ControllerOptions } from '#controllers'
import { startScheduler } from '#scheduler'
import { SimulatedNodes, type Answering, type SimulatedProcess } from '#simulation'
import { openEngine, type Engine } from '../../src/store/engine.ts'
import type { Journal } from '../../src/store/journal.ts'
import { Compactor } from '../../src/store/compactor.ts'
import { startElected, type Elected } from './elected.ts'

/** What a program of the cluster is started with. */
export interface ProcessServices {
  readonly process: SimulatedProcess
  readonly random: Random
  readonly log: Log
}

export interface ServerOptions extends ProcessServices {
  readonly journal: Journal
  readonly serviceAccountKey: string
  /** The store failed for good: the process ends. */
  readonly onFatal: (error: Error) => void
}

/** Short enough for informers that were away to find their version gone. */
const history = { short: [], windowMs: 3 * 60_000, bytesMax: 2 ** 30 }

/** Store and API server: one program, as `k8ts server` is. */
export async function startApiProcess(options: ServerOptions): Promise<ApiServer> {
  const { random, log, journal, onFatal } = options
  const { clock } = options.process
  const store: Engine = await openEngine(journal, { clock, random, log, onFatal })
  store.adopt(new Compactor(store, history, { clock, log }))
  return createApiServer({
    store,
    clock,
    random,
    log,
    clientCa: undefined,
    requestHeaderCa: undefined,
    serviceAccountKey: options.serviceAccountKey,
    serviceAccountIssuer: 'https://kubernetes.default.svc.cluster.local',
    serviceCidrs: ['10.43.0.0/16'],
    nodePorts: { from: 30_000, to: 32_767 },
    advertise: undefined,
  })
}

export interface ComponentOptions extends ProcessServices {
  readonly api: Answering
}

/** A component that runs. */
export interface Component {
  readonly informers: Informers
}

/** What one of several is told besides. */
export interface CandidateOptions extends ComponentOptions {
  readonly identity: string
  /** Fires when it is told to end in good order. */
  readonly signal: AbortSignal
}

/** One of several controller managers, as `k8ts controller-manager` is. */
export function startControllers(
  options: CandidateOptions & {
    readonly controllers: ControllerOptions
    /** Those among all that run; for planted bugs. */
    readonly keep: (controller: Controller) => boolean
  },
): Elected {
  const user = 'system:kube-controller-manager'
  return candidateOf(options, user, controllerLease, async (signal) => {
    const { informers, client, services } = componentOf(options, user)
    await using undo = new AsyncDisposableStack()
    undo.use(informers)
    const broadcaster = undo.use(new EventBroadcaster(client, services))
    const clientFor = (account: string | undefined) =>
      account === undefined
        ? client
        : clientOf(options, `system:serviceaccount:kube-system:${account}`, [
            'system:serviceaccounts',
            'system:serviceaccounts:kube-system',
          ])
    const running = runControllers(controllers(options.controllers).filter(options.keep), {
      ...services,
      informers,
      clientFor: (account) => clientFor(account).until(signal),
      eventsFor: (component) => broadcaster.recorder({ component }),
    })
    undo.defer(() => running.stop())
    await informers.start(signal)
    await running.whenSynced()
    const owned = undo.move()
    return { informers, [Symbol.asyncDispose]: () => owned.disposeAsync() }
  })
}

/** One of several schedulers, as `k8ts scheduler` is: those that wait follow the cluster, too. */
export function startSchedulerProcess(options: CandidateOptions): Elected {
  const user = 'system:kube-scheduler'
  const { informers, client, services } = componentOf(options, user)
  informers.of(Pod)
  informers.of(Node)
  informers.start().catch(() => {})
  return candidateOf(options, user, schedulerLease, async (signal) => {
    await using undo = new AsyncDisposableStack()
    const events = undo.use(new EventBroadcaster(client, services))
    const scheduler = undo.use(
      startScheduler({ ...services, client: client.until(signal), informers, events }),
    )
    scheduler.ended.catch((error: unknown) =>
      options.log.error('scheduler ended', { error: asError(error) }),
    )
    const owned = undo.move()
    return { informers, [Symbol.asyncDispose]: () => owned.disposeAsync() }
  })
}

export const controllerLease = 'kube-controller-manager'
export const schedulerLease = 'kube-scheduler'

/** The kubelets of all nodes. */
export async function startNodes(
  options: ComponentOptions & { readonly count: number },
): Promise<Component & { readonly nodes: SimulatedNodes }> {
  // Nodes see more than a kubelet may, as one informer serves them all.
  const { informers, services } = componentOf(options, 'system:kube-controller-manager')
  const nodes = new SimulatedNodes({
    ...services,
    count: options.count,
    size: { cpu: '3', memory: '8Gi', pods: '20' },
    informers,
    clientFor: (name) => clientOf(options, `system:node:${name}`, ['system:nodes']),
  })
  await informers.start()
  await nodes.start(new AbortController().signal)
  return { informers, nodes }
}

/** Whoever works with the cluster from outside. */
export function administrator(options: ComponentOptions): Client {
  return clientOf(options, 'kubernetes-admin', ['system:masters'])
}

function candidateOf(
  options: CandidateOptions,
  user: string,
  lease: string,
  lead: (signal: AbortSignal) => Promise<Component & AsyncDisposable>,
): Elected {
  const { client, services } = componentOf(options, user)
  const { identity, signal } = options
  return startElected({ client, services, lease, identity, signal, lead })
}

function componentOf(options: ComponentOptions, user: string) {
  const { process, random, log } = options
  const services = { clock: process.clock, random, log }
  const client = clientOf(options, user, [])
  return { client, services, informers: new Informers(client, services) }
}

function clientOf({ api, process }: ComponentOptions, name: string, groups: readonly string[]) {
  const user = { name, uid: '', groups: [...groups, 'system:authenticated'], extra: {} }
  return new Client(inProcessTransport(api, { user, userAgent: process.name }), process.clock)
}
