import { seededRandom, silentLog, TimeoutError, VirtualClock, type Log } from '#base'
import { createApiServer, type ApiServer } from '#apiserver'
import {
  Client,
  EventBroadcaster,
  Informers,
  inProcessTransport,
  type InProcessHandler,
  type InProcessRequest,
} from '#client'
import { runControllers, type Controller, type RunningControllers } from '#controllers'
import type { Resource } from '#machinery'
import { generateKeyPair, privateKeyToPem } from '#pki'
import { openStore } from '#store'

/** A whole API server with controllers on it, each under its own identity, in virtual time. */
export interface ControllerCluster extends AsyncDisposable {
  readonly clock: VirtualClock
  readonly server: ApiServer
  /** The administrator's. */
  readonly client: Client
  readonly controllers: RunningControllers
  /** Calls made so far by a service account of kube-system, watches included. */
  calls(account: string): readonly string[]
  /** Asks until the answer is something else than undefined or false, as time goes by. */
  eventually<T>(what: string, ask: () => Promise<T | undefined | false>): Promise<T>
  /** Acts as a user, who is authenticated and of these groups. */
  clientOf(user: string, groups: readonly string[]): Client
  /** Lets time pass. */
  advance(byMs: number): Promise<void>
}

export interface ControllerClusterOptions {
  readonly extraResources?: readonly Resource[]
  readonly log?: Log
}

const key = privateKeyToPem(generateKeyPair('ecdsa-p256', seededRandom(1)).privateKey)
/** In virtual time; a cluster that does not get there by then never will. */
const deadlineMs = 10 * 60_000
const stepMs = 100

export async function startControllerCluster(
  controllers: readonly Controller[],
  options: ControllerClusterOptions = {},
): Promise<ControllerCluster> {
  const { extraResources = [], log = silentLog } = options
  const clock = new VirtualClock()
  const random = seededRandom(1)
  const services = { clock, random, log }
  const store = await openStore({ type: 'memory', ...services })
  const server = await createApiServer({
    ...services,
    store,
    clientCa: undefined,
    requestHeaderCa: undefined,
    serviceAccountKey: key,
    serviceAccountIssuer: 'https://kubernetes.default.svc.cluster.local',
    serviceCidrs: ['10.43.0.0/16', 'fd43::/108'],
    nodePorts: { from: 30_000, to: 32_767 },
    advertise: undefined,
    extraResources,
  })
  const calls = new Map<string, string[]>()
  const recorded = (account: string): InProcessHandler => ({
    answer(request: InProcessRequest) {
      const made = calls.get(account) ?? []
      calls.set(account, made)
      made.push(`${request.method} ${request.path}`)
      return server.answer(request)
    },
  })
  const open = (handler: InProcessHandler, name: string, groups: readonly string[]) => {
    const user = { name, uid: '', groups, extra: {} }
    return new Client(inProcessTransport(handler, { user, userAgent: 'test' }), clock)
  }
  const clientFor = (account: string | undefined) =>
    account === undefined
      ? manager
      : open(recorded(account), `system:serviceaccount:kube-system:${account}`, [
          'system:serviceaccounts',
          'system:serviceaccounts:kube-system',
          'system:authenticated',
        ])
  const client = open(server, 'admin', ['system:masters', 'system:authenticated'])
  const manager = open(server, 'system:kube-controller-manager', ['system:authenticated'])
  const informers = new Informers(manager, services)
  const broadcaster = new EventBroadcaster(client, services)
  const running = runControllers(controllers, {
    ...services,
    informers,
    clientFor,
    eventsFor: (component) => broadcaster.recorder({ component }),
  })
  const started = informers.start()
  await clock.settle()
  await started
  return {
    clock,
    server,
    client,
    controllers: running,
    clientOf: (user, groups) => open(server, user, [...groups, 'system:authenticated']),
    calls: (account) => calls.get(account) ?? [],
    async eventually(what, ask) {
      const until = clock.elapsed() + deadlineMs
      for (;;) {
        await clock.settle()
        const answer = await ask()
        if (answer !== undefined && answer !== false) return answer
        if (clock.elapsed() >= until) throw new TimeoutError(`never happened: ${what}`)
        await clock.advance(stepMs)
      }
    },
    advance: (byMs) => clock.advance(byMs),
    async [Symbol.asyncDispose]() {
      await running.stop()
      await broadcaster[Symbol.asyncDispose]()
      await informers[Symbol.asyncDispose]()
      await server.shutdown()
      await store[Symbol.asyncDispose]()
    },
  }
}
