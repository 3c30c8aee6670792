import { createApiServer } from '#apiserver'
import { EndpointSlice, Node, Service, type ServiceInput } from '#api'
import { poll, realClock, realRandom, silentLog } from '#base'
import { Client, Informers, inProcessTransport } from '#client'
import { nftIn, realExec } from '#linux'
import { generateKeyPair, privateKeyToPem } from '#pki'
import { startProxy, type Proxy } from '#proxy'
import { openStore } from '#store'
import { silenceMs, type How } from './machine.ts'
import { nodeIps, podRanges, serviceRanges } from './network.ts'

const services = { clock: realClock, random: realRandom, log: silentLog }
const exec = realExec(realClock)
/** Longer than a change takes on a busy machine. */
const timeoutMs = 15_000
export const nodeName = 'node-1'

type Spec = NonNullable<ServiceInput['spec']>
type EndpointInput = { readonly ip: string; readonly node?: string; readonly ready?: boolean }

/** A real API server in this process, and a real proxy under it in this network namespace. */
export async function startProxyUnderTest() {
  await using undo = new AsyncDisposableStack()
  const store = undo.use(await openStore({ type: 'memory', ...services }))
  const server = await createApiServer({
    ...services,
    store,
    clientCa: undefined,
    requestHeaderCa: undefined,
    serviceAccountKey: privateKeyToPem(generateKeyPair('ecdsa-p256', realRandom).privateKey),
    serviceAccountIssuer: 'https://kubernetes.default.svc.cluster.local',
    serviceCidrs: serviceRanges,
    nodePorts: { from: 30_000, to: 32_767 },
    advertise: undefined,
  })
  undo.defer(() => server.shutdown())
  const clientOf = (name: string, groups: readonly string[]) => {
    const user = { name, uid: '', groups: [...groups, 'system:authenticated'], extra: {} }
    return new Client(inProcessTransport(server, { user, userAgent: 'test' }), realClock)
  }
  const client = clientOf('admin', ['system:masters'])
  await client.resource(Node).create({ metadata: { name: nodeName } })
  const nft = nftIn(exec)
  const start = async () => {
    await using starting = new AsyncDisposableStack()
    const proxyClient = clientOf('system:kube-proxy', [])
    const informers = starting.use(new Informers(proxyClient, services))
    const started = startProxy({
      ...services,
      client: proxyClient,
      informers,
      nodeName,
      nodeIps,
      nft,
      exec,
      clusterCidrs: podRanges,
      healthz: { host: '127.0.0.1', port: 0 },
    })
    await informers.start()
    const proxy = starting.use(await started)
    const owned = starting.move()
    return { proxy, stop: () => owned.disposeAsync() }
  }
  let running: { readonly proxy: Proxy; stop(): Promise<void> } = await start()
  undo.defer(() => running.stop())
  const owned = undo.move()
  const inDefault = client.resource(Service).namespace('default')
  const slices = client.resource(EndpointSlice).namespace('default')
  return {
    nft,
    client,
    services: inDefault,
    get proxy() {
      return running.proxy
    },
    /** TCP port 80 and UDP port 53 to 8080, unless the spec says else. */
    create: (name: string, spec: Spec = {}) =>
      inDefault.create({
        metadata: { name },
        spec: {
          ports: [
            { name: 'web', port: 80 },
            { name: 'dns', port: 53, protocol: 'UDP' },
          ],
          ...spec,
        },
      }),
    /** The endpoints of a Service, from now on. */
    async endpoints(name: string, endpoints: readonly EndpointInput[], type = 'IPv4') {
      const slice = {
        metadata: {
          name: `${name}-${type.toLowerCase()}`,
          labels: { 'kubernetes.io/service-name': name },
        },
        addressType: type,
        endpoints: endpoints.map(({ ip, node = nodeName, ready = true }) => ({
          addresses: [ip],
          nodeName: node,
          conditions: { ready, serving: ready, terminating: false },
        })),
        ports: [
          { name: 'web', port: 8080, protocol: 'TCP' },
          { name: 'dns', port: 8080, protocol: 'UDP' },
        ],
      }
      await slices.delete(slice.metadata.name).catch(() => {})
      await slices.create(slice)
    },
    /** As if the agent was started again. */
    async restart() {
      await running.stop()
      running = await start()
    },
    stop: () => owned.disposeAsync(),
  }
}

/** Asks until it is answered so, or is not answered; the last answer is in the error. */
export async function until(
  ask: (how: How) => Promise<string>,
  is: string | RegExp | ((answer: string) => boolean),
): Promise<string> {
  let last = ''
  const options = { clock: realClock, intervalMs: 20, timeoutMs, what: 'the answer' }
  const fits = (answer: string) => {
    if (typeof is === 'function') return is(answer)
    return typeof is === 'string' ? answer === is : is.test(answer)
  }
  try {
    return await poll(options, async () => {
      last = await ask({ timeoutMs: silenceMs })
      return fits(last) ? last : undefined
    })
  } catch (cause) {
    throw new Error(`the last answer was "${last}"`, { cause })
  }
}
