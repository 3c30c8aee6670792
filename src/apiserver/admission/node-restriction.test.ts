import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { seededRandom } from '#base'
import type { Node, Pod } from '#api'
import { createSigningRequest, generateKeyPair } from '#pki'
import { testRegistry, type TestRegistry } from '../testing/registry.ts'
import { userInfo } from '../testing/users.ts'

const kubelet = userInfo('system:node:n1', 'system:nodes', 'system:authenticated')
const pods = '/api/v1/namespaces/default/pods'
const nodes = '/api/v1/nodes'
const containers = [{ name: 'main', image: 'example' }]
const mirror = { 'kubernetes.io/config.mirror': 'x' }

async function cluster(): Promise<TestRegistry> {
  const server = await testRegistry({ serviceAccount: true })
  for (const name of ['n1', 'n2']) {
    await server.ask('POST', nodes, { body: { metadata: { name } } })
  }
  return server
}

function bound(server: TestRegistry, name: string, nodeName: string, spec: object = {}) {
  const body = { metadata: { name }, spec: { containers, nodeName, ...spec } }
  return server.object<Pod>('POST', pods, body)
}

/** What the kubelet of n1 is told; 'ok' where it may. */
async function ask(server: TestRegistry, method: string, path: string, body?: unknown) {
  try {
    await server.ask(method, path, { body, user: kubelet })
    return 'ok'
  } catch (error) {
    assert.ok(error instanceof Error)
    return error.message
  }
}

test('a kubelet changes its own node only, and not all of it', async () => {
  await using server = await cluster()
  const node = await server.object<Node>('GET', `${nodes}/n1`)
  const changed = (metadata: object, spec: object = {}) => ({
    ...node,
    metadata: { ...node.metadata, resourceVersion: '', ...metadata },
    spec: { ...node.spec, ...spec },
  })
  const label = (key: string) => changed({ labels: { [key]: 'x' } })
  const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' }
  const rows: readonly (readonly [object, string])[] = [
    [label('example.com/mine'), 'ok'],
    [label('kubernetes.io/arch'), 'ok'],
    [label('sub.node.kubernetes.io/x'), 'ok'],
    [
      label('node-restriction.kubernetes.io/x'),
      'is not allowed to modify labels: node-restriction.kubernetes.io/x',
    ],
    [
      label('a.node-restriction.kubernetes.io/x'),
      'is not allowed to modify labels: a.node-restriction.kubernetes.io/x',
    ],
    [label('example.k8s.io/x'), 'is not allowed to modify labels: example.k8s.io/x'],
    [changed({}, { taints: [] }), 'is not allowed to modify taints'],
    [changed({ ownerReferences: [owner] }), 'is not allowed to modify ownerReferences'],
  ]
  for (const [body, message] of rows) {
    const wanted = message === 'ok' ? 'ok' : `nodes "n1" is forbidden: node "n1" ${message}`
    assert.equal(await ask(server, 'PUT', `${nodes}/n1`, body), wanted)
  }
  assert.equal(
    await ask(server, 'DELETE', `${nodes}/n2`),
    'nodes "n2" is forbidden: node "n1" is not allowed to modify node "n2"',
  )
  assert.equal(
    await ask(server, 'POST', nodes, { metadata: { name: 'n3' } }),
    'nodes "n3" is forbidden: node "n1" is not allowed to modify node "n3"',
  )
})

test('a kubelet registers without foreign labels', async () => {
  await using server = await testRegistry()
  const labelled = {
    metadata: { name: 'n1', labels: { 'x.k8s.io/y': '', 'kubernetes.io/os': 'linux' } },
  }
  assert.equal(
    await ask(server, 'POST', nodes, labelled),
    'nodes "n1" is forbidden: node "n1" is not allowed to set the following labels: x.k8s.io/y',
  )
})

test('a kubelet makes mirror pods of its own and nothing else', async () => {
  await using server = await cluster()
  const uid = (await server.object<Node>('GET', `${nodes}/n1`)).metadata.uid
  const owner = { apiVersion: 'v1', kind: 'Node', name: 'n1', uid, controller: true }
  const ownerReferences = [owner]
  const pod = (metadata: object, spec: object = {}) => ({
    metadata: { name: 'a', annotations: mirror, ownerReferences, ...metadata },
    spec: { containers, nodeName: 'n1', ...spec },
  })
  const env = (valueFrom: object) => ({
    containers: [{ name: 'main', image: 'x', env: [{ name: 'E', valueFrom }] }],
  })
  const itself = 'owner reference set to itself'
  const rows: readonly (readonly [object, string])[] = [
    [
      pod({ annotations: {} }),
      'pod does not have "kubernetes.io/config.mirror" annotation, node "n1" can only create mirror pods',
    ],
    [
      pod({}, { nodeName: 'n2' }),
      'node "n1" can only create pods with spec.nodeName set to itself',
    ],
    [pod({ ownerReferences: [] }), `node "n1" can only create pods with an ${itself}`],
    [
      pod({ ownerReferences: [{ ...owner, name: 'n2' }] }),
      `node "n1" can only create pods with an ${itself}`,
    ],
    [
      pod({ ownerReferences: [owner, { ...owner, uid: 'b', controller: false }] }),
      `node "n1" can only create pods with a single ${itself}`,
    ],
    [
      pod({ ownerReferences: [{ ...owner, controller: false }] }),
      `node "n1" can only create pods with a controller ${itself}`,
    ],
    [
      pod({ ownerReferences: [{ ...owner, blockOwnerDeletion: true }] }),
      'node "n1" must not set blockOwnerDeletion on an owner reference',
    ],
    [
      pod({ ownerReferences: [{ ...owner, uid: 'x' }] }),
      `node n1 UID mismatch: expected x got ${uid}`,
    ],
    [
      pod({}, env({ secretKeyRef: { name: 's', key: 'k' } })),
      'a mirror pod may not reference secrets',
    ],
    [
      pod({}, env({ configMapKeyRef: { name: 's', key: 'k' } })),
      'node "n1" can not create pods that reference configmaps',
    ],
    [pod({}, { serviceAccountName: 'default' }), 'a mirror pod may not reference service accounts'],
    [
      pod({}, { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }] }),
      'node "n1" can not create pods that reference persistentvolumeclaims',
    ],
  ]
  for (const [body, message] of rows) {
    assert.equal(await ask(server, 'POST', pods, body), `pods "a" is forbidden: ${message}`)
  }
  assert.equal(await ask(server, 'POST', pods, pod({})), 'ok')
  const made = await server.object<Pod>('GET', `${pods}/a`)
  assert.equal(made.spec.serviceAccountName, undefined)
  assert.equal(made.spec.volumes, undefined)
})

test('a kubelet deletes, evicts and reports its own pods', async () => {
  await using server = await cluster()
  const own = await bound(server, 'own', 'n1')
  const other = await bound(server, 'other', 'n2')
  const status = (pod: Pod, metadata: object = {}) => ({
    ...pod,
    metadata: { ...pod.metadata, resourceVersion: '', ...metadata },
    status: { phase: 'Running' },
  })
  const eviction = (name: string) => ({ metadata: { name } })
  const rows: readonly (readonly [string, string, object | undefined, string])[] = [
    ['PUT', 'own/status', status(own), 'ok'],
    [
      'PUT',
      'own/status',
      status(own, { labels: { a: 'b' } }),
      'pods "own" is forbidden: node "n1" cannot update labels through pod status',
    ],
    [
      'PUT',
      'other/status',
      status(other),
      'pods "other" is forbidden: node "n1" can only update pod status for pods with spec.nodeName set to itself',
    ],
    [
      'PUT',
      'own',
      { ...own, metadata: { ...own.metadata, resourceVersion: '' } },
      'pods "own" is forbidden: unexpected operation "UPDATE", node "n1" can only create and delete mirror pods',
    ],
    [
      'POST',
      'other/eviction',
      eviction('other'),
      'pods "other" is forbidden: node n1 can only evict pods with spec.nodeName set to itself',
    ],
    [
      'POST',
      'own/binding',
      { metadata: { name: 'own' }, target: { name: 'n1' } },
      `pods "own" is forbidden: unexpected pod subresource "binding", only 'status' and 'eviction' are allowed`,
    ],
    [
      'DELETE',
      'other',
      undefined,
      'pods "other" is forbidden: node "n1" can only delete pods with spec.nodeName set to itself',
    ],
    ['POST', 'own/eviction', eviction('own'), 'ok'],
    ['DELETE', 'own', { gracePeriodSeconds: 0 }, 'ok'],
  ]
  for (const [method, path, body, message] of rows) {
    assert.equal(await ask(server, method, `${pods}/${path}`, body), message)
  }
})

test('a kubelet asks tokens for pods of its own', async () => {
  await using server = await cluster()
  const projected = { sources: [{ serviceAccountToken: { path: 't', audience: 'vault' } }] }
  const own = await bound(server, 'own', 'n1', { volumes: [{ name: 'v', projected }] })
  const other = await bound(server, 'other', 'n2')
  const reference = (pod: Pod, uid = pod.metadata.uid) => ({
    boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: pod.metadata.name, uid },
  })
  const rows: readonly (readonly [object, string])[] = [
    [{}, 'node requested token not bound to a pod'],
    [reference(own, ''), 'node requested token with a pod binding without a uid'],
    [
      reference(own, 'x'),
      'the UID in the bound object reference (x) does not match the UID in record. The object might have been deleted and then recreated',
    ],
    [reference(other), 'node requested token bound to a pod scheduled on a different node'],
    [{ ...reference(own), audiences: ['a', 'b'] }, 'node may only request 0 or 1 audiences'],
    [{ ...reference(own), audiences: ['other'] }, 'audience "other" not found in pod spec volume'],
    [{ ...reference(own), audiences: ['vault'] }, 'ok'],
    [reference(own), 'ok'],
  ]
  for (const [spec, message] of rows) {
    const path = '/api/v1/namespaces/default/serviceaccounts/default/token'
    const wanted = message === 'ok' ? 'ok' : `serviceaccounts "default" is forbidden: ${message}`
    assert.equal(await ask(server, 'POST', path, { spec }), wanted)
  }
})

test('leases, CSI nodes, slices and certificates of its own', async () => {
  await using server = await cluster()
  const key = generateKeyPair('ecdsa-p256', seededRandom(1))
  const csr = (commonName: string) => ({
    metadata: { generateName: 'c-' },
    spec: {
      signerName: 'kubernetes.io/kubelet-serving',
      usages: ['digital signature', 'server auth'],
      request: Buffer.from(
        createSigningRequest(key, { commonName, organizations: ['system:nodes'] }),
      ).toString('base64'),
    },
  })
  const leases = (namespace: string) =>
    `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`
  const csiNodes = '/apis/storage.k8s.io/v1/csinodes'
  const named = (name: string, rest: object = {}) => ({ metadata: { name }, ...rest })
  const sameName = (what: string) =>
    `can only access ${what} with the same name as the requesting node`
  const rows: readonly (readonly [string, object, string])[] = [
    [leases('kube-node-lease'), named('n1'), 'ok'],
    [leases('kube-node-lease'), named('n2'), sameName('node lease')],
    [
      leases('default'),
      named('n1'),
      'can only access leases in the "kube-node-lease" system namespace',
    ],
    [csiNodes, named('n1', { spec: { drivers: [] } }), 'ok'],
    [csiNodes, named('n2', { spec: { drivers: [] } }), sameName('CSINode')],
    ['/apis/certificates.k8s.io/v1/certificatesigningrequests', csr('system:node:n1'), 'ok'],
    [
      '/apis/certificates.k8s.io/v1/certificatesigningrequests',
      csr('system:node:n2'),
      'can only create a node CSR with CN=system:node:n1',
    ],
  ]
  for (const [path, body, message] of rows) {
    const answer = await ask(server, 'POST', path, body)
    assert.equal(answer.replace(/^.* is forbidden: /, ''), message, path)
  }
})

test('a kubelet without a name', async () => {
  await using server = await testRegistry()
  const nobody = userInfo('system:node:', 'system:nodes')
  const status = await server.refused('POST', nodes, { metadata: { name: 'n1' } }, nobody)
  assert.match(status.message ?? '', /could not determine node identity from user$/)
})
