import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { realClock, seededRandom } from '#base'
import type { Node, Pod } from '#api'
import { testRegistry, type TestRegistry } from '../testing/registry.ts'
import { userInfo } from '../testing/users.ts'

const namespaces = '/api/v1/namespaces'
const pods = `${namespaces}/default/pods`
const containers = [{ name: 'main', image: 'example' }]

function podOf(server: TestRegistry, spec: object, metadata: object = {}): Promise<Pod> {
  const body = { metadata: { generateName: 'p-', ...metadata }, spec: { containers, ...spec } }
  return server.object('POST', pods, body)
}

test('namespaces that take nothing', async () => {
  await using server = await testRegistry()
  const body = { metadata: { name: 'a' } }
  const missing = await server.refused('POST', `${namespaces}/gone/configmaps`, body)
  assert.deepEqual([missing.code, missing.message], [404, 'namespaces "gone" not found'])
  await server.ask('POST', namespaces, { body: { metadata: { name: 'dying' } } })
  await server.ask('POST', `${namespaces}/dying/configmaps`, { body })
  await server.ask('DELETE', `${namespaces}/dying`)
  const dying = await server.refused('POST', `${namespaces}/dying/configmaps`, {
    metadata: { name: 'b' },
  })
  assert.equal(dying.code, 403)
  assert.equal(
    dying.message,
    'configmaps "b" is forbidden: unable to create new content in namespace dying because it is being terminated',
  )
  assert.deepEqual(dying.details?.causes, [
    {
      reason: 'NamespaceTerminating',
      message: 'namespace dying is being terminated',
      field: 'metadata.namespace',
    },
  ])
  await server.ask('PUT', `${namespaces}/dying/configmaps/a`, {
    body: { ...body, data: { a: '1' } },
  })
})

test('the namespaces of the system stay', async () => {
  await using server = await testRegistry()
  for (const name of ['default', 'kube-system', 'kube-public']) {
    const status = await server.refused('DELETE', `${namespaces}/${name}`)
    assert.equal(
      status.message,
      `namespaces "${name}" is forbidden: this namespace may not be deleted`,
    )
  }
})

test('a namespace made on another server counts at once', async () => {
  await using first = await testRegistry()
  const { store } = first.registry
  await using second = await testRegistry({ store, random: seededRandom(2) })
  await first.ask('POST', namespaces, { body: { metadata: { name: 'new' } } })
  await second.ask('POST', `${namespaces}/new/configmaps`, { body: { metadata: { name: 'a' } } })
})

test('a pod runs as the default account and finds its token', async () => {
  await using server = await testRegistry({ serviceAccount: true })
  const mounted = { mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', name: 'mine' }
  const { spec } = await podOf(server, {
    initContainers: [{ name: 'init', image: 'example' }],
    containers: [...containers, { name: 'own', image: 'x', volumeMounts: [mounted] }],
    volumes: [{ name: 'mine', emptyDir: {} }],
  })
  assert.equal(spec.serviceAccountName, 'default')
  assert.equal(spec.serviceAccount, 'default')
  const [, token] = spec.volumes ?? []
  assert.match(token?.name ?? '', /^kube-api-access-[a-z0-9]{5}$/)
  const [one, two, three] = token?.projected?.sources ?? []
  assert.deepEqual(one?.serviceAccountToken, { expirationSeconds: 3607, path: 'token' })
  assert.equal(two?.configMap?.name, 'kube-root-ca.crt')
  assert.equal(three?.downwardAPI?.items?.[0]?.fieldRef?.fieldPath, 'metadata.namespace')
  const mounts = [...(spec.initContainers ?? []), ...(spec.containers ?? [])].map(
    ({ volumeMounts }) => volumeMounts?.map(({ name }) => name),
  )
  assert.deepEqual(mounts, [[token?.name], [token?.name], ['mine']])
})

test('who wants no token gets none, and pull secrets come from the account', async () => {
  await using server = await testRegistry()
  const accounts = `${namespaces}/default/serviceaccounts`
  const imagePullSecrets = [{ name: 'pull' }]
  await server.ask('POST', accounts, {
    body: { metadata: { name: 'shy' }, automountServiceAccountToken: false, imagePullSecrets },
  })
  const shy = await podOf(server, { serviceAccountName: 'shy' })
  assert.equal(shy.spec.volumes, undefined)
  assert.deepEqual(shy.spec.imagePullSecrets, imagePullSecrets)
  const bold = await podOf(server, {
    serviceAccountName: 'shy',
    automountServiceAccountToken: true,
    imagePullSecrets: [{ name: 'own' }],
  })
  assert.equal(bold.spec.volumes?.length, 1)
  assert.deepEqual(bold.spec.imagePullSecrets, [{ name: 'own' }])
})

test('a pod waits a moment for the default account, and for no other', async () => {
  const waits: number[] = []
  const clock = {
    now: () => realClock.now(),
    elapsed: () => realClock.elapsed(),
    sleep: () => Promise.resolve(),
    yield: () => realClock.yield(),
    timer(delayMs: number, run: () => void) {
      if (delayMs === 1_000) {
        waits.push(delayMs)
        queueMicrotask(run)
      }
      return { cancel: () => {} }
    },
  }
  await using server = await testRegistry({ clock })
  const refusal = async (serviceAccountName: string) => {
    const body = { metadata: { name: 'a' }, spec: { containers, serviceAccountName } }
    return (await server.refused('POST', pods, body)).message
  }
  assert.equal(
    await refusal('other'),
    'pods "a" is forbidden: error looking up service account default/other: serviceaccount "other" not found',
  )
  assert.deepEqual(waits, [])
  assert.match((await refusal('')) ?? '', /default\/default: serviceaccount "default" not found$/)
  assert.deepEqual(waits, [1_000])
})

test('the default account may come while a pod waits', async () => {
  await using server = await testRegistry()
  const waiting = podOf(server, {})
  const body = { metadata: { name: 'default' } }
  await server.ask('POST', `${namespaces}/default/serviceaccounts`, { body })
  assert.equal((await waiting).spec.serviceAccountName, 'default')
})

test('priorities come from classes', async () => {
  await using server = await testRegistry({ serviceAccount: true })
  const classes = '/apis/scheduling.k8s.io/v1/priorityclasses'
  assert.equal((await podOf(server, {})).spec.priority, 0)
  const critical = await podOf(server, { priorityClassName: 'system-node-critical' })
  assert.equal(critical.spec.priority, 2_000_001_000)
  await server.ask('POST', classes, {
    body: { metadata: { name: 'usual' }, value: 7, globalDefault: true, preemptionPolicy: 'Never' },
  })
  const { spec } = await podOf(server, {})
  assert.deepEqual(
    [spec.priorityClassName, spec.priority, spec.preemptionPolicy],
    ['usual', 7, 'Never'],
  )
  const second = { metadata: { name: 'second' }, value: 8, globalDefault: true }
  const refused = await server.refused('POST', classes, second)
  assert.equal(
    refused.message,
    'priorityclasses.scheduling.k8s.io "second" is forbidden: PriorityClass usual is already marked as default. Only one default can exist',
  )
  const rows: readonly (readonly [object, RegExp])[] = [
    [{ priorityClassName: 'none' }, /no PriorityClass with name none was found$/],
    [
      { priority: 9 },
      /the integer value of priority \(9\) must not be provided in pod spec; priority admission controller computed 7/,
    ],
    [
      { preemptionPolicy: 'PreemptLowerPriority' },
      /the string value of PreemptionPolicy \(PreemptLowerPriority\) must not be provided/,
    ],
  ]
  for (const [given, message] of rows) {
    const body = { metadata: { name: 'a' }, spec: { containers, ...given } }
    assert.match((await server.refused('POST', pods, body)).message ?? '', message)
  }
})

test('pods tolerate nodes that are not ready for five minutes', async () => {
  await using server = await testRegistry({ serviceAccount: true })
  const { spec } = await podOf(server, {})
  assert.deepEqual(
    spec.tolerations,
    ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'].map((key) => ({
      key,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: 300,
    })),
  )
  const all = { operator: 'Exists' }
  assert.equal((await podOf(server, { tolerations: [all] })).spec.tolerations?.length, 1)
})

test('nobody owns what admission adds', async () => {
  await using server = await testRegistry({ serviceAccount: true })
  const { metadata } = await podOf(server, {})
  const [entry] = metadata.managedFields ?? []
  const owned = JSON.stringify(entry?.fieldsV1)
  assert.match(owned, /f:containers/)
  assert.doesNotMatch(owned, /f:tolerations|f:serviceAccountName|f:volumes|f:priority/)
})

test('a new node is not ready', async () => {
  await using server = await testRegistry()
  const node = await server.object<Node>('POST', '/api/v1/nodes', { metadata: { name: 'n1' } })
  assert.deepEqual(node.spec.taints, [
    { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' },
  ])
})

const rbac = '/apis/rbac.authorization.k8s.io/v1'
const apiGroup = 'rbac.authorization.k8s.io'
const jane = userInfo('jane', 'system:authenticated')

test('nobody grants what they do not hold', async () => {
  await using server = await testRegistry()
  const bindingTo = (name: string, role: string) => ({
    metadata: { name },
    roleRef: { apiGroup, kind: 'ClusterRole', name: role },
    subjects: [{ apiGroup, kind: 'User', name: 'jane' }],
  })
  const bindings = `${rbac}/clusterrolebindings`
  await server.ask('POST', bindings, { body: bindingTo('jane-views', 'view') })
  const refusal = async (method: string, path: string, body: object) =>
    (await server.refused(method, path, body, jane)).message ?? ''
  assert.match(
    await refusal('POST', bindings, bindingTo('more', 'cluster-admin')),
    /^clusterrolebindings.rbac.authorization.k8s.io "more" is forbidden: user "jane" \(groups=\["system:authenticated"\]\) is attempting to grant RBAC permissions not currently held/,
  )
  await server.ask('POST', bindings, { body: bindingTo('again', 'view'), user: jane })
  const role = (name: string, resources: string[]) => ({
    metadata: { name },
    rules: [{ apiGroups: [''], resources, verbs: ['get'] }],
  })
  const roles = `${rbac}/clusterroles`
  await server.ask('POST', roles, { body: role('reads', ['pods']), user: jane })
  assert.match(
    await refusal('POST', roles, role('secrets', ['secrets'])),
    /Resources:\["secrets"\]/,
  )
  // A label can make a role part of an aggregated one, so it takes as much as the rules.
  await server.ask('POST', roles, { body: role('other', ['secrets']) })
  const labels = { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' }
  const labelled = { ...role('other', ['secrets']), metadata: { name: 'other', labels } }
  assert.match(await refusal('PUT', `${roles}/other`, labelled), /not currently held/)
  const aggregating = { metadata: { name: 'all' }, aggregationRule: { clusterRoleSelectors: [{}] } }
  assert.match(await refusal('POST', roles, aggregating), /APIGroups:\["\*"\]/)
})
