import { setMaxListeners } from 'node:events'
import type { ApiHandler, HttpsServer } from '#apiserver'
import { asError, type Clock, type Log, type Random } from '#base'
import {
  Client,
  EventBroadcaster,
  Informers,
  inProcessTransport,
  type InProcessUser,
} from '#client'
import { controllers, runControllers, type ControllerOptions } from '#controllers'
import { startScheduler } from '#scheduler'
import type { Credential } from '#pki'
import { SimulatedConnections, SimulatedNodes, serveKubelets } from '#simulation'

export interface ComponentsOptions {
  readonly api: ApiHandler
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly simulatedNodes: number
  readonly controllers: ControllerOptions
  /** How the API server reaches its nodes: it is told of the simulated ones. */
  readonly connections?: SimulatedConnections | undefined
  /** Serves the simulated kubelets on loopback, with certificates of this CA. */
  readonly kubeletCa?: Credential | undefined
}

/** Scheduler, controllers and simulated nodes beside an API server in the same process. */
export interface Components extends AsyncDisposable {
  /** The simulated nodes, to be killed and revived. */
  readonly nodes: SimulatedNodes | undefined
}

/**
 * Starts the components, each under its own upstream identity through the in-process transport: the
 * same authorization and admission as from outside. They share one informer a kind. Resolves when
 * all have seen the present state and the simulated nodes are registered.
 */
export async function startComponents(options: ComponentsOptions): Promise<Components> {
  const { api, clock, random, log } = options
  const services = { clock, random, log }
  const clients: Client[] = []
  const clientOf = (user: InProcessUser, userAgent: string) => {
    const client = new Client(inProcessTransport(api, { user, userAgent }), clock)
    clients.push(client)
    return client
  }
  const manager = clientOf(
    componentUser('system:kube-controller-manager'),
    'kube-controller-manager',
  )
  const informers = new Informers(manager, services)
  const broadcaster = new EventBroadcaster(manager, services)
  const stopping = new AbortController()
  setMaxListeners(0, stopping.signal)

  const running = runControllers(controllers(options.controllers), {
    ...services,
    informers,
    clientFor: (account) =>
      account === undefined
        ? manager
        : clientOf(serviceAccountUser(account), `kube-controller-manager/${account}`),
    eventsFor: (component) => broadcaster.recorder({ component }),
  })
  const schedulerClient = clientOf(componentUser('system:kube-scheduler'), 'kube-scheduler')
  const schedulerEvents = new EventBroadcaster(schedulerClient, services)
  const scheduler = startScheduler({
    ...services,
    client: schedulerClient,
    informers,
    events: schedulerEvents,
  })
  scheduler.ended.catch((error: unknown) => log.error('scheduler ended', { error: asError(error) }))
  const nodes =
    options.simulatedNodes === 0
      ? undefined
      : new SimulatedNodes({
          ...services,
          count: options.simulatedNodes,
          informers,
          clientFor: (name) => clientOf(nodeUser(name), 'kubelet'),
        })
  let kubelets: HttpsServer | undefined
  const stop = async () => {
    stopping.abort()
    options.connections?.attach(undefined)
    await nodes?.[Symbol.asyncDispose]()
    await kubelets?.close(0)
    await scheduler[Symbol.asyncDispose]()
    await schedulerEvents[Symbol.asyncDispose]()
    await running.stop()
    await broadcaster[Symbol.asyncDispose]()
    await informers[Symbol.asyncDispose]()
    for (const client of clients) await client[Symbol.asyncDispose]()
  }
  try {
    await informers.start(stopping.signal)
    await running.whenSynced()
    if (nodes !== undefined) {
      const { kubeletCa: ca, connections } = options
      if (ca !== undefined) kubelets = await serveKubelets({ ...services, ca, nodes })
      await nodes.start(stopping.signal, kubelets?.port)
      connections?.attach(nodes)
    }
  } catch (error) {
    await stop()
    throw error
  }
  return { nodes, [Symbol.asyncDispose]: stop }
}

/** A control plane component as its certificate would name it. */
function componentUser(name: string): InProcessUser {
  return { name, uid: '', groups: ['system:authenticated'], extra: {} }
}

/** A controller's service account, as its token would name it. */
function serviceAccountUser(account: string): InProcessUser {
  return {
    name: `system:serviceaccount:kube-system:${account}`,
    uid: '',
    groups: [
      'system:serviceaccounts',
      'system:serviceaccounts:kube-system',
      'system:authenticated',
    ],
    extra: {},
  }
}

function nodeUser(name: string): InProcessUser {
  return {
    name: `system:node:${name}`,
    uid: '',
    groups: ['system:nodes', 'system:authenticated'],
    extra: {},
  }
}
