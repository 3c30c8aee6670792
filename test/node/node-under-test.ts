import { createApiServer } from '#apiserver'
import { ConfigMap, Event, Pod, Secret, ServiceAccount, type PodInput } from '#api'
import { poll, realClock, realRandom, silentLog } from '#base'
import { Client, inProcessTransport } from '#client'
import {
  busyboxImage,
  CriRuntime,
  importImages,
  machineArchitecture,
  pauseImage,
  pauseImageName,
  startContainerd,
  startKubelet,
  type Kubelet,
  type ServingCertificate,
} from '#kubelet'
import { ipIn, realCgroups, realExec, realMounts } from '#linux'
import { memoryPki, privateKeyToPem } from '#pki'
import { openStore } from '#store'
import { join } from 'node:path'
import { rotateIfLarge } from '../../src/kubelet/logs/log-rotation.ts'
import { servingMaterial } from '../kubelet/kubelet-client.ts'

export const image = 'docker.io/library/busybox:1.35'
export const nodeName = 'node-1'
/** Of the bridge, which is there from the first pod on. */
export const nodeIp = '10.42.7.1'
export const podRange = '10.42.7.0/24'
const services = { clock: realClock, random: realRandom, log: silentLog }
/** Longer than anything here takes on a busy machine. */
const timeoutMs = 20_000

/** A real API server in this process, and a real node under it in this network namespace. */
export async function startNode(directory: string, cgroupRoot: string) {
  const exec = realExec(realClock)
  const mounts = realMounts(exec)
  const cgroups = realCgroups(await mounts.list())
  await ipIn(exec).up('lo')
  const pki = memoryPki({ ...services, hostName: 'here', serviceIps: [] })
  const serving = new ServingMaterial(servingMaterial(pki.ca, [nodeIp, '127.0.0.1']))
  const store = await openStore({ type: 'memory', ...services })
  const server = await createApiServer({
    ...services,
    store,
    clientCa: pki.ca.certificate.pem,
    requestHeaderCa: undefined,
    serviceAccountKey: privateKeyToPem(pki.serviceAccount.privateKey),
    serviceAccountIssuer: 'https://kubernetes.default.svc.cluster.local',
    serviceCidrs: ['10.43.0.0/16'],
    nodePorts: { from: 30_000, to: 32_767 },
    advertise: undefined,
  })
  const clientOf = (name: string, groups: readonly string[]) => {
    const user = { name, uid: '', groups: [...groups, 'system:authenticated'], extra: {} }
    return new Client(inProcessTransport(server, { user, userAgent: 'test' }), realClock)
  }
  const client = clientOf('admin', ['system:masters'])
  const startTheContainerd = () =>
    startContainerd({
      directory: join(directory, 'containerd'),
      pauseImage: pauseImageName,
      cniConfiguration: bridgeNetwork(directory),
      exec,
      mounts,
      ...services,
    })
  let containerd = await startTheContainerd()
  const runtime = new CriRuntime({ address: containerd.address, ...services })
  const startTheKubelet = () =>
    startKubelet({
      ...services,
      client: clientOf(`system:node:${nodeName}`, ['system:nodes']),
      nodeName,
      nodeIps: [nodeIp],
      runtime,
      mounts,
      cgroups,
      cgroupRoot,
      rootDirectory: join(directory, 'kubelet'),
      crashLoop: { initialMs: 2_000, maxMs: 10_000 },
      server: {
        host: '0.0.0.0',
        port: 10250,
        certificate: serving,
        clientCa: pki.ca.certificate.pem,
      },
    })
  const architecture = machineArchitecture()
  let kubelet: Kubelet | undefined
  const stop = async () => {
    await kubelet?.stop()
    runtime[Symbol.dispose]()
    await containerd.destroy(cgroups, cgroupRoot)
    await server.shutdown()
    await store[Symbol.asyncDispose]()
  }
  try {
    await importImages(exec, containerd.address, pauseImage(architecture))
    await importImages(
      exec,
      containerd.address,
      await busyboxImage({ name: image, architecture, exec }),
    )
    // What controllers would make in a namespace.
    await client
      .resource(ServiceAccount)
      .namespace('default')
      .create({ metadata: { name: 'default' } })
    await client
      .resource(ConfigMap)
      .namespace('default')
      .create({ metadata: { name: 'kube-root-ca.crt' }, data: { 'ca.crt': 'a certificate' } })
    kubelet = await startTheKubelet()
  } catch (error) {
    await stop()
    throw error
  }
  const pods = client.resource(Pod).namespace('default')
  return {
    client,
    pki,
    serving,
    pods,
    runtime,
    cgroups,
    configMaps: client.resource(ConfigMap).namespace('default'),
    secrets: client.resource(Secret).namespace('default'),
    logs: (uid: string, name: string, container: string, attempt = 0) =>
      join(directory, 'kubelet/logs/pods', `default_${name}_${uid}`, container, `${attempt}.log`),
    directory,
    exec,
    mounts,
    containerdAddress: () => containerd.address,
    create: (name: string, spec: Omit<NonNullable<PodInput['spec']>, 'nodeName'>) =>
      pods.create({ metadata: { name, labels: { app: name } }, spec: { ...spec, nodeName } }),
    /** Waits until the pod is so; the last state is in the error. */
    async until(name: string, is: (pod: Pod) => boolean): Promise<Pod> {
      let last: Pod | undefined
      const options = { clock: realClock, intervalMs: 25, timeoutMs, what: `pod ${name}` }
      try {
        return await poll(options, async () => {
          last = await pods.get(name)
          return is(last) ? last : undefined
        })
      } catch (cause) {
        throw new Error(`${JSON.stringify(last?.status)} ${(await this.events(name)).join('\n')}`, {
          cause,
        })
      }
    },
    async untilGone(name: string): Promise<void> {
      const options = { clock: realClock, intervalMs: 25, timeoutMs, what: `${name} to go` }
      await poll(options, async () => {
        const { items } = await pods.list({ fieldSelector: `metadata.name=${name}` })
        return items.length === 0
      })
    },
    async events(name: string): Promise<string[]> {
      const { items } = await client.resource(Event).namespace('default').list()
      return items
        .filter(({ involvedObject }) => involvedObject.name === name)
        .map(({ type = '', reason = '', message = '' }) => `${type} ${reason} ${message}`)
    },
    /** As if the log of a container's first attempt had reached its size. */
    async rotate(uid: string, name: string, container: string): Promise<void> {
      const path = this.logs(uid, name, container)
      const found = await runtime.containers(uid)
      const containerId = found.find((each) => each.name === container)?.id ?? ''
      const limits = { bytesMax: 1, filesMax: 5 }
      await rotateIfLarge(
        { ...services, runtime, limits, running: () => [] },
        { containerId, path },
      )
    },
    /** As if it had crashed. */
    async killContainerd(): Promise<void> {
      process.kill(containerd.pid, 'SIGKILL')
      await containerd.ended
      containerd = await startTheContainerd()
    },
    /** With what happens while there is none. */
    async restartKubelet(between?: () => Promise<unknown>): Promise<void> {
      await kubelet?.stop()
      await between?.()
      kubelet = await startTheKubelet()
    },
    stop,
  }
}

export type NodeUnderTest = Awaited<ReturnType<typeof startNode>>

/** A serving certificate that a test can change. */
class ServingMaterial implements ServingCertificate {
  #material: { readonly certificate: string; readonly key: string }
  readonly #watchers = new Set<() => void>()

  constructor(material: { readonly certificate: string; readonly key: string }) {
    this.#material = material
  }

  current() {
    return this.#material
  }

  watch(changed: () => void) {
    this.#watchers.add(changed)
    return () => void this.#watchers.delete(changed)
  }

  change(material: { readonly certificate: string; readonly key: string }): void {
    this.#material = material
    for (const changed of this.#watchers) changed()
  }
}

/** Pods reach each other and the node over a bridge; there is no link to anywhere else. */
function bridgeNetwork(directory: string) {
  return {
    cniVersion: '0.4.0',
    name: 'k8ts',
    plugins: [
      {
        type: 'bridge',
        bridge: 'k8ts0',
        isGateway: true,
        ipMasq: false,
        hairpinMode: true,
        ipam: {
          type: 'host-local',
          dataDir: join(directory, 'addresses'),
          ranges: [[{ subnet: podRange }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
    ],
  }
}
