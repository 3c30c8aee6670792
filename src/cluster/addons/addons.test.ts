import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { createApiServer } from '#apiserver'
import { ClusterRole, ClusterRoleBinding, ConfigMap, Service } from '#api'
import { realClock, realRandom, silentLog } from '#base'
import { Client, inProcessTransport } from '#client'
import { hasReason } from '#machinery'
import { memoryPki, privateKeyToPem } from '#pki'
import { openStore } from '#store'
import { dnsServiceIp } from '../addresses.ts'
import { caOfClusterInfo } from '../join/discovery.ts'
import { addons } from './objects.ts'
import { applyAddons } from './apply-addons.ts'

const services = { clock: realClock, random: realRandom, log: silentLog }
const pki = memoryPki({ ...services, hostName: 'here', serviceIps: [] })
const ca = pki.ca.certificate.pem
const settings = {
  clusterCidrs: ['10.42.0.0/16'],
  serviceCidrs: ['10.43.0.0/16'],
  clusterDns: ['10.43.0.10'],
  clusterDomain: 'cluster.local',
}
const all = addons({ server: 'https://10.0.0.1:6443', ca, settings })

async function start(t: TestContext) {
  const store = await openStore({ type: 'memory', ...services })
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
  t.after(async () => {
    await server.shutdown()
    await store[Symbol.asyncDispose]()
  })
  const clientOf = (name: string, ...groups: string[]) => {
    const user = { name, uid: '', groups, extra: {} }
    return new Client(inProcessTransport(server, { user, userAgent: 'test' }), realClock)
  }
  const client = clientOf('admin', 'system:masters', 'system:authenticated')
  const { signal } = new AbortController()
  const apply = (objects = all) => applyAddons(objects, { ...services, client, signal })
  const versions = async () => {
    const found = new Map<string, string | undefined>()
    for (const { resource, object } of all) {
      const { name, namespace } = object.metadata
      const kind = client.resource(resource)
      const of = namespace === undefined ? kind : kind.namespace(namespace)
      found.set(`${object.kind} ${name}`, (await of.get(name)).metadata.resourceVersion)
    }
    return found
  }
  return { client, clientOf, apply, versions }
}

describe('what every cluster with nodes has', () => {
  it('is made once, and left as it is the next time', async (t) => {
    const { client, apply, versions } = await start(t)
    await apply()
    const before = await versions()
    assert.equal(before.size, all.length)
    await apply()
    assert.deepEqual(await versions(), before)
    const { spec } = await client.resource(Service).namespace('kube-system').get('kube-dns')
    assert.equal(spec.clusterIP, '10.43.0.10')
  })

  it('follows its own form, keeps what others add, and can be opted out of', async (t) => {
    const { client, apply } = await start(t)
    await apply()
    const maps = client.resource(ConfigMap).namespace('kube-public')
    const signature = { 'jws-kubeconfig-abcdef': 'x..y' }
    await maps.patch('cluster-info', { type: 'merge', patch: { data: signature } })
    const bindings = client.resource(ClusterRoleBinding)
    const approve = 'kubeadm:node-autoapprove-bootstrap'
    const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'false' }
    const patch = { metadata: { annotations }, subjects: null }
    await bindings.patch(approve, { type: 'merge', patch })
    await client.resource(ClusterRole).delete('k8ts:node-dns')

    await apply(addons({ server: 'https://10.0.0.2:6443', ca, settings }))
    const { data = {} } = await maps.get('cluster-info')
    assert.match(data['kubeconfig'] ?? '', /server: https:\/\/10\.0\.0\.2:6443\n/)
    assert.equal(data['jws-kubeconfig-abcdef'], 'x..y')
    assert.equal((await bindings.get(approve)).subjects, undefined)
    assert.equal((await client.resource(ClusterRole).get('k8ts:node-dns')).rules?.length, 2)
  })

  it('tells anybody where the cluster is and which CA it has, and nothing else', async (t) => {
    const { clientOf, apply } = await start(t)
    await apply()
    const stranger = clientOf('system:anonymous', 'system:unauthenticated')
    const maps = stranger.resource(ConfigMap).namespace('kube-public')
    const { data = {} } = await maps.get('cluster-info')
    assert.equal(caOfClusterInfo(data['kubeconfig'] ?? '', 'x'), ca)
    await assert.rejects(maps.list(), (error) => hasReason(error, 'Forbidden'))
  })

  it('is applied as soon as it can be', async (t) => {
    const { client, apply } = await start(t)
    const services = client.resource(Service).namespace('kube-system')
    const taken = await services.create({
      metadata: { name: 'squatter' },
      spec: { clusterIP: '10.43.0.10', ports: [{ port: 53 }] },
    })
    const applied = apply()
    await client
      .resource(ClusterRole)
      .get('kubeadm:get-nodes')
      .catch(() => {})
    await services.delete(taken.metadata.name ?? '')
    await applied
    assert.equal((await services.get('kube-dns')).spec.clusterIP, '10.43.0.10')
  })
})

describe('cluster-info of a stranger', () => {
  for (const [what, text, message] of [
    ['is empty', '', /has no CA$/],
    ['is no YAML', '{', /is no YAML$/],
    ['is a list', '[1]', /has no CA$/],
    ['has no clusters', 'clusters: {}', /has no CA$/],
    ['has a cluster that is none', 'clusters: [1]', /has no CA$/],
    ['has a number as CA', 'clusters: [{cluster: {certificate-authority-data: 1}}]', /has no CA$/],
    ['is too large', 'x'.repeat(70_000), /is too large$/],
    ['refers to itself', 'clusters: &a [*a]', /is no YAML$|has no CA$/],
  ] as const) {
    it(`is refused when it ${what}`, () => {
      assert.throws(() => caOfClusterInfo(text, 'https://x'), { name: 'ClusterError', message })
    })
  }
})

describe('the address of DNS', () => {
  it('is the tenth of the primary service range', () => {
    assert.equal(dnsServiceIp('10.43.0.0/16'), '10.43.0.10')
    assert.equal(dnsServiceIp('10.43.0.16/28'), '10.43.0.26')
    assert.equal(dnsServiceIp('fd43::/108'), 'fd43::a')
    assert.throws(() => dnsServiceIp('10.43.0.0/29'), /has no tenth address/)
  })
})
