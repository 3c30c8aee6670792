import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createApiServer } from '#apiserver'
import { Event, Node, Pod, ServiceAccount, type PodInput } from '#api'
import { poll, realClock, realRandom, silentLog } from '#base'
import { Client, inProcessTransport } from '#client'
import { FakeRuntime, startKubelet, type Kubelet } from '#kubelet'
import { FakeCgroups, FakeMounts } from '#linux'
import { generateKeyPair, privateKeyToPem } from '#pki'
import { openStore } from '#store'

/* A kubelet under the real API server and over a runtime in memory: what a real one does not do on demand. */

const services = { clock: realClock, random: realRandom, log: silentLog }
const runtime = new FakeRuntime(realClock, ['web'])
const cgroups = new FakeCgroups()
const undo: (() => Promise<unknown>)[] = []
let admin: Client
let kubelet: Kubelet

before(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'k8ts-kubelet-'))
  undo.push(() => rm(directory, { recursive: true }))
  const store = await openStore({ type: 'memory', ...services })
  undo.push(async () => store[Symbol.asyncDispose]())
  const server = await createApiServer({
    ...services,
    store,
    clientCa: undefined,
    requestHeaderCa: undefined,
    serviceAccountKey: privateKeyToPem(generateKeyPair('ecdsa-p256', realRandom).privateKey),
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
  admin = clientOf('admin', 'system:masters')
  await admin
    .resource(ServiceAccount)
    .namespace('default')
    .create({ metadata: { name: 'default' }, automountServiceAccountToken: false })
  kubelet = await startKubelet({
    ...services,
    client: clientOf('system:node:node-1', 'system:nodes'),
    nodeName: 'node-1',
    nodeIps: ['192.0.2.1'],
    runtime,
    mounts: new FakeMounts(),
    cgroups,
    cgroupRoot: '/test',
    rootDirectory: directory,
  })
  undo.push(() => kubelet.stop())
})

after(async () => {
  for (const step of undo.toReversed()) await step()
})

const pods = () => admin.resource(Pod).namespace('default')

function create(name: string, spec: Partial<NonNullable<PodInput['spec']>> = {}): Promise<Pod> {
  const containers = [{ name: 'main', image: 'web', imagePullPolicy: 'IfNotPresent' as const }]
  return pods().create({ metadata: { name }, spec: { nodeName: 'node-1', containers, ...spec } })
}

function eventually<T>(what: string, ask: () => Promise<T | undefined | false>): Promise<T> {
  return poll({ clock: realClock, intervalMs: 5, timeoutMs: 15_000, what }, ask)
}

function untilRunning(name: string, restarts = 0): Promise<Pod> {
  return eventually(`${name} to run`, async () => {
    const pod = await pods().get(name)
    const [main] = pod.status.containerStatuses ?? []
    const runs = main?.state?.running !== undefined && main.restartCount === restarts
    return runs ? pod : undefined
  })
}

async function messages(name: string): Promise<string[]> {
  const { items } = await admin.resource(Event).namespace('default').list()
  return items
    .filter(({ involvedObject }) => involvedObject.name === name)
    .map(({ reason, message }) => `${reason} ${message}`)
}

async function gone(name: string): Promise<void> {
  await eventually(`${name} to go`, async () => {
    const { items } = await pods().list({ fieldSelector: `metadata.name=${name}` })
    return items.length === 0
  })
}

test('the node says which runtime it has', async () => {
  const { status } = await admin.resource(Node).get('node-1')
  assert.equal(status.nodeInfo?.containerRuntimeVersion, 'fake://1')
  assert.equal(status.addresses?.[0]?.address, '192.0.2.1')
})

test('a sandbox that cannot be made is told and tried again', async () => {
  runtime.failures.set('runSandbox', new Error('no network'))
  await create('unlucky')
  await eventually('the event', async () =>
    (await messages('unlucky')).includes(
      'FailedCreatePodSandBox Failed to create pod sandbox: no network',
    ),
  )
  runtime.failures.delete('runSandbox')
  await untilRunning('unlucky')
})

test('a sandbox that is lost is made anew, with its containers', async () => {
  const { metadata } = await pods().get('unlucky')
  const [sandbox] = await runtime.sandboxes(metadata.uid)
  await runtime.stopSandbox(sandbox?.id ?? '')
  const pod = await untilRunning('unlucky', 1)
  const [next] = await runtime.sandboxes(metadata.uid)
  assert.equal(next?.attempt, 1)
  assert.equal(pod.status.podIP, (await runtime.sandboxStatus(next?.id ?? '')).ips[0])
  assert.ok(
    (await messages('unlucky')).includes(
      'SandboxChanged Pod sandbox changed, it will be killed and re-created.',
    ),
  )
})

test('deletion gives the grace that was asked for, and leaves no cgroup', async () => {
  const { metadata } = await pods().get('unlucky')
  assert.ok([...cgroups.groups.keys()].some((path) => path.endsWith(`pod${metadata.uid}`)))
  await pods().delete('unlucky', { gracePeriodSeconds: 7 })
  await gone('unlucky')
  assert.ok(runtime.calls.includes('stopContainer main/1 7s'), runtime.calls.join('\n'))
  assert.ok(![...cgroups.groups.keys()].some((path) => path.endsWith(`pod${metadata.uid}`)))
})

test('the image is pulled where it is not there', async () => {
  const container = { name: 'main', image: 'other', imagePullPolicy: 'IfNotPresent' as const }
  await create('pulling', { containers: [container] })
  await untilRunning('pulling')
  const told = await messages('pulling')
  assert.ok(told.includes('Pulling Pulling image "other"'))
  assert.ok(told.some((message) => message.startsWith('Pulled Successfully pulled image "other"')))
  await pods().delete('pulling')
  await gone('pulling')
})

test('a pod past its deadline has failed', async () => {
  await create('late', { activeDeadlineSeconds: 1 })
  const pod = await eventually('it to fail', async () => {
    const found = await pods().get('late')
    return found.status.phase === 'Failed' && found
  })
  assert.equal(pod.status.reason, 'DeadlineExceeded')
  await pods().delete('late')
  await gone('late')
})

test('a pod that is to run once fails with its container', async () => {
  const { metadata } = await create('once', { restartPolicy: 'Never' })
  await untilRunning('once')
  runtime.exit(metadata.uid ?? '', 'main', 5)
  const pod = await eventually('it to fail', async () => {
    const found = await pods().get('once')
    return found.status.phase === 'Failed' && found
  })
  assert.equal(pod.status.containerStatuses?.[0]?.state?.terminated?.exitCode, 5)
})
