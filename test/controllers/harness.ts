import { silentLog, type Log } from '#base'
import {
  Client,
  EventBroadcaster,
  Informers,
  inProcessTransport,
  type InProcessUser,
} from '#client'
import { runControllers, type Controller, type RunningControllers } from '#controllers'
import { testCluster, type TestCluster } from '../client/cluster.ts'

/**
 * A real API server in virtual time with some controllers beside it, each under its own identity.
 * `cluster.clock.settle()` lets everything happen that happens now, `advance` what happens later.
 */
export interface ControllerCluster extends TestCluster {
  readonly running: RunningControllers
  readonly informers: Informers
  /** Acts as a user of these groups. */
  clientOf(user: string, groups?: readonly string[]): Client
  /** The controllers stop; the server goes on. */
  stopControllers(): Promise<void>
}

export async function controllerCluster(
  controllers: readonly Controller[],
  options: {
    readonly seed?: number
    readonly log?: Log
    /** Runs before the controllers do. */
    readonly before?: (cluster: TestCluster) => Promise<void>
  } = {},
): Promise<ControllerCluster> {
  const cluster = await testCluster(options.seed)
  await options.before?.(cluster)
  const { clock, random, server } = cluster
  const services = { clock, random, log: options.log ?? silentLog }
  const clients: Client[] = []
  const clientOf = (name: string, groups: readonly string[] = []) => {
    const user: InProcessUser = {
      name,
      uid: '',
      groups: [...groups, 'system:authenticated'],
      extra: {},
    }
    const client = new Client(inProcessTransport(server, { user, userAgent: 'test' }), clock)
    clients.push(client)
    return client
  }
  const manager = clientOf('system:kube-controller-manager')
  const informers = new Informers(manager, services)
  const broadcaster = new EventBroadcaster(manager, services)
  const running = runControllers(controllers, {
    ...services,
    informers,
    clientFor: (account) =>
      account === undefined
        ? manager
        : clientOf(`system:serviceaccount:kube-system:${account}`, accountGroups),
    eventsFor: (component) => broadcaster.recorder({ component }),
  })
  await informers.start()
  await running.whenSynced()
  await clock.settle()
  return {
    ...cluster,
    running,
    informers,
    clientOf,
    stopControllers: () => running.stop(),
    async [Symbol.asyncDispose]() {
      await running.stop()
      await broadcaster[Symbol.asyncDispose]()
      await informers[Symbol.asyncDispose]()
      for (const client of clients) await client[Symbol.asyncDispose]()
      await cluster[Symbol.asyncDispose]()
    },
  }
}

const accountGroups = ['system:serviceaccounts', 'system:serviceaccounts:kube-system']
