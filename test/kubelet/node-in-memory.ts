import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApiServer } from '#apiserver'
import { Event, Pod, ServiceAccount, type PodInput } from '#api'
import { poll, realClock, realRandom, silentLog } from '#base'
import { Client, Informers, inProcessTransport } from '#client'
import { FakeRuntime, startKubelet, type KubeletServerOptions } from '#kubelet'
import { FakeCgroups, FakeMounts } from '#linux'
import { memoryPki, privateKeyToPem } from '#pki'
import { openStore } from '#store'

const services = { clock: realClock, random: realRandom, log: silentLog }

/** A kubelet under the real API server and over a runtime in memory. */
export async function startNodeInMemory(
  serverOf?: (pki: ReturnType<typeof memoryPki>) => KubeletServerOptions,
) {
  const runtime = new FakeRuntime(realClock, ['web'])
  const cgroups = new FakeCgroups()
  const undo: (() => Promise<unknown>)[] = []
  const stop = async () => {
    for (const step of undo.splice(0).toReversed()) await step()
  }
  try {
    const directory = await mkdtemp(join(tmpdir(), 'k8ts-kubelet-'))
    undo.push(() => rm(directory, { recursive: true }))
    const store = await openStore({ type: 'memory', ...services })
    undo.push(async () => store[Symbol.asyncDispose]())
    const pki = memoryPki({ ...services, hostName: 'here', serviceIps: [] })
    const server = await createApiServer({
      ...services,
      store,
      clientCa: undefined,
      requestHeaderCa: undefined,
      serviceAccountKey: privateKeyToPem(pki.serviceAccount.privateKey),
      serviceAccountIssuer: 'https://kubernetes.default.svc.cluster.local',
      serviceCidrs: ['10.43.0.0/16'],
      nodePorts: { from: 30_000, to: 32_767 },
      advertise: undefined,
    })
    undo.push(() => server.shutdown())
    const clientOf = (name: string, group: string) => {
      const user = { name, uid: '', groups: [group, 'system:authenticated'], extra: {} }
      return new Client(inProcessTransport(server, { user, userAgent: 'test' }), realClock)
    }
    const admin = clientOf('admin', 'system:masters')
    await admin
      .resource(ServiceAccount)
      .namespace('default')
      .create({ metadata: { name: 'default' }, automountServiceAccountToken: false })
    const nodeClient = clientOf('system:node:node-1', 'system:nodes')
    const informers = new Informers(nodeClient, services)
    undo.push(async () => informers[Symbol.asyncDispose]())
    await informers.start()
    const resolvConf = join(directory, 'resolv.conf')
    await writeFile(resolvConf, 'nameserver 192.0.2.53\nsearch of.the.node\n')
    const kubelet = await startKubelet({
      ...services,
      client: nodeClient,
      informers,
      resolvConf,
      nodeName: 'node-1',
      nodeIps: ['192.0.2.1'],
      runtime,
      mounts: new FakeMounts(),
      cgroups,
      cgroupRoot: '/test',
      rootDirectory: directory,
      ...(serverOf === undefined ? {} : { server: serverOf(pki) }),
    })
    undo.push(() => kubelet.stop())
    const pods = admin.resource(Pod).namespace('default')
    return {
      runtime,
      cgroups,
      pki,
      admin,
      kubelet,
      pods,
      stop,
      create(name: string, spec: Partial<NonNullable<PodInput['spec']>> = {}): Promise<Pod> {
        const containers = [
          { name: 'main', image: 'web', imagePullPolicy: 'IfNotPresent' as const },
        ]
        return pods.create({
          metadata: { name },
          spec: { nodeName: 'node-1', containers, ...spec },
        })
      },
      untilRunning: (name: string, restarts = 0): Promise<Pod> =>
        eventually(`${name} to run`, async () => {
          const pod = await pods.get(name)
          const [main] = pod.status.containerStatuses ?? []
          const runs = main?.state?.running !== undefined && main.restartCount === restarts
          return runs ? pod : undefined
        }),
      async events(name: string): Promise<string[]> {
        const { items } = await admin.resource(Event).namespace('default').list()
        return items
          .filter(({ involvedObject }) => involvedObject.name === name)
          .map(({ reason, message }) => `${reason} ${message}`)
      },
      async untilGone(name: string): Promise<void> {
        await eventually(`${name} to go`, async () => {
          const { items } = await pods.list({ fieldSelector: `metadata.name=${name}` })
          return items.length === 0
        })
      },
    }
  } catch (error) {
    await stop()
    throw error
  }
}

export type NodeInMemory = Awaited<ReturnType<typeof startNodeInMemory>>

export function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  return poll({ clock: realClock, intervalMs: 5, timeoutMs: 15_000, what }, ask)
}
