import { createApiServer, type ApiServer } from '#apiserver'
import { seededRandom, silentLog, VirtualClock, type Random } from '#base'
import { Client, inProcessTransport, type Transport } from '#client'
import { generateKeyPair, privateKeyToPem } from '#pki'
import { openStore, type Store } from '#store'

/** A real API server over a store in memory, in virtual time. */
export interface TestCluster extends AsyncDisposable {
  readonly clock: VirtualClock
  readonly random: Random
  readonly server: ApiServer
  readonly store: Store
  /** The administrator's way in, and a client on it. */
  readonly transport: Transport
  readonly client: Client
}

const key = privateKeyToPem(generateKeyPair('ecdsa-p256', seededRandom(1)).privateKey)
const administrator = { name: 'admin', uid: '', groups: ['system:masters'], extra: {} }

export async function testCluster(seed = 1): Promise<TestCluster> {
  const clock = new VirtualClock()
  const random = seededRandom(seed)
  const services = { clock, random, log: silentLog }
  const store = await openStore({ type: 'memory', ...services })
  const server = await createApiServer({
    ...services,
    store,
    clientCa: undefined,
    requestHeaderCa: undefined,
    serviceAccountKey: key,
    serviceAccountIssuer: 'https://kubernetes.default.svc.cluster.local',
    serviceCidrs: ['10.43.0.0/24'],
    nodePorts: { from: 30_000, to: 32_767 },
    advertise: undefined,
  })
  const transport = inProcessTransport(server, { user: administrator, userAgent: 'test' })
  const client = new Client(transport, clock)
  return {
    clock,
    random,
    server,
    store,
    transport,
    client,
    async [Symbol.asyncDispose]() {
      await server.shutdown()
      await client[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
    },
  }
}
