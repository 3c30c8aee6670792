import { setMaxListeners } from 'node:events'
import { hostname } from 'node:os'
import type { Clock, Log, Random } from '#base'
import {
  EventBroadcaster,
  LeadershipLostError,
  runAsLeader,
  type Client,
  type Endpoint,
} from '#client'
import { ClusterError } from '../error.ts'
import { clientOf, endpointOf } from './api-access.ts'
import { serveHealth, type Serving } from './health-server.ts'
import { Lead, type Election } from './lead.ts'

/** What every component that runs alone is told; upstream's common flags. */
export interface ComponentOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** The file whose current context says where the API server is, and who the component is. */
  readonly kubeconfig: string
  /** Undefined: nothing is served. */
  readonly serving: Serving | undefined
  /** Undefined: it works at once, and has to be the only one that does. */
  readonly election: Election | undefined
}

/** A component in a process of its own. Disposal ends its work, and then lets go of the lease. */
export interface Component extends AsyncDisposable {
  /** Of the health checks and metrics, where they are served. */
  readonly url: string | undefined
  /**
   * Resolves after disposal. Rejects with a ClusterError when the lead was lost, and with what ended
   * the work otherwise: either way the component does nothing any more, and its process should end.
   */
  readonly ended: Promise<void>
}

/** What makes a component this one. */
export interface Definition {
  /** Upstream's, such as kube-scheduler: the product that its clients say they are. */
  readonly name: string
  /** The source of the events about its election. */
  readonly eventSource: string
  /** Called once; may begin to follow the cluster. Throws a ClusterError for what cannot work. */
  prepare(services: ComponentServices): Prepared
}

export interface ComponentServices {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Of the kubeconfig. */
  readonly endpoint: Endpoint
  /** The kubeconfig's user. */
  readonly client: Client
  readonly broadcaster: EventBroadcaster
}

export interface Prepared extends AsyncDisposable {
  /** Undefined when it is ready, else what is missing, in one line. */
  unready(): string | undefined
  /** The exposition format of Prometheus. */
  metrics(): string
  /** Runs while the component leads, at most once; ends soon after the signal has fired. */
  work(signal: AbortSignal): Promise<void>
}

/**
 * Starts a component: reads its kubeconfig, serves its health, and works when it leads. An API server
 * that is not there yet is waited for. Rejects with a ClusterError when the kubeconfig cannot be
 * used or the port cannot be had.
 */
export async function startComponent(
  options: ComponentOptions,
  definition: Definition,
): Promise<Component> {
  const { clock, random, log, election } = options
  const services = { clock, random, log }
  await using undo = new AsyncDisposableStack()
  const endpoint = endpointOf(options.kubeconfig)
  const client = undo.use(clientOf(endpoint, definition.name, clock))
  const broadcaster = undo.use(new EventBroadcaster(client, services))
  const prepared = undo.use(definition.prepare({ ...services, endpoint, client, broadcaster }))
  const lead = election === undefined ? undefined : new Lead(election)
  let url: string | undefined
  if (options.serving !== undefined) {
    const server = await serveHealth(options.serving, services, {
      checks: [
        ...(lead === undefined ? [] : [lead.check]),
        { name: 'informer-sync', of: ['readyz'], check: () => prepared.unready() },
      ],
      metrics: () => `${lead?.metrics() ?? ''}${prepared.metrics()}`,
    })
    undo.defer(() => server.close())
    url = server.url
  }

  const stopping = new AbortController()
  setMaxListeners(0, stopping.signal)
  const run = async () => {
    if (lead === undefined) return prepared.work(stopping.signal)
    // Of its own, so that a connection full of objects does not keep the lease from being renewed.
    await using electing = clientOf(endpoint, `${definition.name}/leader-election`, clock)
    const identity = `${hostname()}_${random.uuid()}`
    const recorder = broadcaster.recorder({ component: definition.eventSource })
    const candidate = { ...services, ...lead.election, identity, recorder }
    try {
      await runAsLeader(electing, candidate, stopping.signal, (leading) =>
        lead.during(leading, () => prepared.work(leading)),
      )
    } catch (error) {
      if (!(error instanceof LeadershipLostError)) throw error
      throw new ClusterError(`${definition.name}: ${error.message}`, { cause: error })
    }
  }
  const ended = run().catch((error: unknown) => {
    // What a stop interrupts is no failure.
    if (!stopping.signal.aborted) throw error
  })
  // Whoever started it may look at it later.
  ended.catch(() => {})
  undo.defer(async () => {
    stopping.abort(new Error('the component stops'))
    await ended.catch(() => {})
  })
  const owned = undo.move()
  return { url, ended, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}
