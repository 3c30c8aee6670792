import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { EndpointSlice, Service, type Pod } from '#api'
import { poll, realClock, realRandom, silentLog } from '#base'
import { Informers } from '#client'
import { startDns, type Dns } from '#dns'
import {
  importImageFile,
  importImages,
  listImages,
  machineArchitecture,
  packImages,
} from '#kubelet'
import { ipIn } from '#linux'
import { nodeName, startNode, type NodeUnderTest } from '../node/node-under-test.ts'
import { shopDirectory, shopObjects } from './manifest.ts'

/*
 * The example's own pods on a real node. There is no proxy here: the back's Service is headless, so
 * that its name leads to the pod itself.
 */
const directory = process.env['K8TS_TEST_DIRECTORY'] ?? ''
const cgroupRoot = process.env['K8TS_TEST_CGROUP'] ?? ''
const dnsAddress = '10.43.0.10'
let node: NodeUnderTest
let informers: Informers
let dns: Dns

before(async () => {
  node = await startNode(directory, cgroupRoot)
  await ipIn(node.exec).addAddress('lo', `${dnsAddress}/32`)
  const services = { clock: realClock, random: realRandom, log: silentLog }
  informers = new Informers(node.client, services)
  const starting = startDns({
    ...services,
    informers,
    addresses: [dnsAddress],
    port: 53,
    domain: 'cluster.local',
    serviceCidrs: ['10.43.0.0/16'],
    podCidrs: ['10.42.0.0/16'],
    forwardTo: [],
  })
  await informers.start()
  dns = await starting
})

after(async () => {
  const { items } = await node.pods.list()
  const names = items.map(({ metadata }) => metadata.name ?? '')
  await Promise.all(names.map((name) => node.pods.delete(name, { gracePeriodSeconds: 1 })))
  await Promise.all(names.map((name) => node.untilGone(name)))
  await dns[Symbol.asyncDispose]()
  await informers[Symbol.asyncDispose]()
  await node.stop()
  await rm(directory, { recursive: true, force: true })
})

const isReady = (pod: Pod) =>
  pod.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true

async function get(pod: Pod, path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://${pod.status.podIP}:8080${path}`)
  return { status: response.status, text: await response.text() }
}

/** A pod of the example, as its Deployment makes it, on this node. */
async function startPod(tier: 'back' | 'front', name: string, image?: string): Promise<Pod> {
  const deployment = shopObjects('Deployment').find(
    ({ metadata }) => metadata?.name === `shop-${tier}`,
  )
  const spec = deployment?.spec?.template?.spec
  assert.ok(spec?.containers)
  await node.create(name, {
    ...spec,
    dnsPolicy: 'None',
    dnsConfig: {
      nameservers: [dnsAddress],
      searches: ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local'],
      options: [{ name: 'ndots', value: '5' }],
    },
    containers: spec.containers.map((container) => ({
      ...container,
      ...(image === undefined ? {} : { image }),
      env: container.env?.map((each) =>
        each.name === 'BACK' ? { name: 'BACK', value: 'http://shop-back:8080' } : each,
      ),
    })),
  })
  return node.until(name, isReady)
}

test('the images of the example are packed and imported, from files as well', async () => {
  const images = await packImages(join(shopDirectory, 'images/images.yaml'), {
    architecture: machineArchitecture(),
    exec: node.exec,
  })
  const address = node.containerdAddress()
  for (const [i, { name, archive }] of images.entries()) {
    if (i === 0) {
      assert.deepEqual(await importImages(node.exec, address, archive), [name])
      continue
    }
    const file = join(directory, i === 1 ? 'image.tar' : 'image.tar.gz')
    await writeFile(file, i === 1 ? archive : gzipSync(archive))
    assert.deepEqual(await importImageFile(node.exec, address, file), [name])
  }
  const limits = { clock: realClock, intervalMs: 20, timeoutMs: 10_000, what: 'the images' }
  await poll(limits, async () => {
    const listed = (await listImages(node.runtime)).map(({ name }) => name)
    return images.every(({ name }) => listed.includes(name))
  })
})

test('a front shows what the back sells, by the name of its Service', async () => {
  for (const each of shopObjects('ConfigMap')) await node.configMaps.create(each)
  for (const each of shopObjects('Secret')) await node.secrets.create(each)
  await node.client
    .resource(Service)
    .namespace('default')
    .create({
      metadata: { name: 'shop-back' },
      spec: { clusterIP: 'None', ports: [{ name: 'http', port: 8080 }] },
    })
  const back = await startPod('back', 'back-1')
  await node.client
    .resource(EndpointSlice)
    .namespace('default')
    .create({
      metadata: { name: 'shop-back-1', labels: { 'kubernetes.io/service-name': 'shop-back' } },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
      endpoints: [{ addresses: [back.status.podIP ?? ''] }],
    })
  const front = await startPod('front', 'front-1')
  const limits = { clock: realClock, intervalMs: 50, timeoutMs: 10_000, what: 'the page' }
  const page = await poll(limits, async () => {
    const { status, text } = await get(front, '/')
    return status === 200 ? text : undefined
  })
  for (const part of [
    '<h1>Welcome to the shop</h1>',
    'quinces  4.90',
    `(from back-1 on ${nodeName})`,
    `Version 1, served by front-1 on ${nodeName}`,
  ]) {
    assert.ok(page.includes(part), `${part} is not in\n${page}`)
  }
  const next = await startPod('front', 'front-2', 'docker.io/k8ts/shop-front:2')
  assert.match((await get(next, '/')).text, /Version 2, served by front-2/)
})

test('a pod that is to end answers until nobody asks any more', async () => {
  const front = await node.pods.get('front-2')
  await node.pods.delete('front-2')
  await poll(
    { clock: realClock, intervalMs: 10, timeoutMs: 10_000, what: 'the pod to be told' },
    async () => (await node.events('front-2')).includes('Normal Killing Stopping container front'),
  )
  const answers = await Promise.all(Array.from({ length: 5 }, () => get(front, '/')))
  for (const { status } of answers) assert.equal(status, 200)
  await node.untilGone('front-2')
})

test('who does not know the password gets nothing', async () => {
  const back = await node.pods.get('back-1')
  assert.equal((await get(back, '/cgi-bin/goods')).status, 401)
  await node.secrets.patch('shop', { type: 'merge', patch: { stringData: { password: 'other' } } })
  const front = await startPod('front', 'front-3')
  const { status, text } = await get(front, '/')
  assert.equal(status, 502)
  assert.match(text, /The back did not answer: .*401/)
})
