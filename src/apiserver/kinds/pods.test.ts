import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import type { Pod, PodDisruptionBudget } from '#api'
import type { Status } from '#machinery'
import { testRegistry, type TestRegistry } from '../testing/registry.ts'

const pods = '/api/v1/namespaces/default/pods'
const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets'
const containers = [{ name: 'main', image: 'example' }]

async function withPod(server: TestRegistry, metadata: object = {}, spec: object = {}) {
  const body = { metadata: { name: 'a', ...metadata }, spec: { containers, ...spec } }
  return server.object<Pod>('POST', pods, body)
}

function setStatus(server: TestRegistry, pod: Pod, status: object): Promise<Pod> {
  return server.object('PUT', `${pods}/${pod.metadata.name}/status`, {
    ...pod,
    metadata: { ...pod.metadata, resourceVersion: '' },
    status,
  })
}

const running = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }

const bind = (target: object, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Binding',
  metadata: { name: 'a', ...metadata },
  target,
})

test('a binding gives a pod its node', async () => {
  await using server = await testRegistry({ serviceAccount: true })
  await withPod(server, { annotations: { mine: '1' } })
  const target = { kind: 'Node', name: 'n1' }
  const done = await server.object<Status>(
    'POST',
    `${pods}/a/binding`,
    bind(target, { annotations: { scheduler: '2' } }),
  )
  assert.deepEqual([done.status, done.code], ['Success', 201])
  const pod = await server.object<Pod>('GET', `${pods}/a`)
  assert.equal(pod.spec.nodeName, 'n1')
  assert.equal(pod.metadata.generation, 1)
  assert.deepEqual(pod.metadata.annotations, { mine: '1', scheduler: '2' })
  const scheduled = pod.status.conditions?.find(({ type }) => type === 'PodScheduled')
  assert.equal(scheduled?.status, 'True')
})

test('bindings that are refused', async () => {
  await using server = await testRegistry({ serviceAccount: true })
  const pod = await withPod(server, {}, { schedulingGates: [{ name: 'example.com/x' }] })
  const target = { kind: 'Node', name: 'n1' }
  const rows: readonly (readonly [object, number, RegExp])[] = [
    [
      bind(target),
      409,
      /^Operation cannot be fulfilled on pods\/binding "a": pod a has non-empty .spec.schedulingGates$/,
    ],
    [bind({ kind: 'Pod', name: 'x' }), 422, /target.kind: Unsupported value: "Pod"/],
    [bind({ kind: 'Node' }), 422, /target.name: Required value/],
    [bind(target, { name: 'b' }), 400, /^name in URL does not match name in Binding object$/],
    [bind(target, { uid: 'other' }), 409, /Precondition failed: UID in precondition: other/],
  ]
  for (const [body, code, message] of rows) {
    const status = await server.refused('POST', `${pods}/a/binding`, body)
    assert.equal(status.code, code, JSON.stringify(status))
    assert.match(status.message ?? '', message)
  }
  const gone = { ...bind(target), metadata: { name: 'b' } }
  assert.equal((await server.refused('POST', `${pods}/b/binding`, gone)).code, 404)
  assert.equal(
    (await server.object<Pod>('GET', `${pods}/a`)).metadata.resourceVersion,
    pod.metadata.resourceVersion,
  )
})

test('a pod is bound once, also by the older way', async () => {
  await using server = await testRegistry({ serviceAccount: true })
  await withPod(server)
  const bindings = '/api/v1/namespaces/default/bindings'
  const dry = await server.object<Status>('POST', `${bindings}?dryRun=All`, bind({ name: 'n0' }))
  assert.equal(dry.status, 'Success')
  await server.ask('POST', bindings, { body: bind({ name: 'n1' }) })
  const status = await server.refused('POST', bindings, bind({ name: 'n2' }))
  assert.equal(
    status.message,
    'Operation cannot be fulfilled on pods/binding "a": pod a is already assigned to node "n1"',
  )
})

async function withBudget(
  server: TestRegistry,
  status: object,
  spec: object = {},
  name = 'budget',
): Promise<PodDisruptionBudget> {
  const selector = { matchLabels: { app: 'a' } }
  const made = await server.object<PodDisruptionBudget>('POST', budgets, {
    metadata: { name },
    spec: { minAvailable: 1, selector, ...spec },
  })
  return server.object('PUT', `${budgets}/${name}/status`, {
    ...made,
    status: {
      observedGeneration: 1,
      currentHealthy: 1,
      desiredHealthy: 1,
      expectedPods: 1,
      ...status,
    },
  })
}

const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'a' } }

function evict(server: TestRegistry, query = '', body: object = eviction) {
  return server.object<Status>('POST', `${pods}/a/eviction${query}`, body)
}

test('an eviction spends a disruption of the budget and deletes the pod', async () => {
  await using server = await testRegistry({ serviceAccount: true })
  const pod = await withPod(server, { labels: { app: 'a' } }, { nodeName: 'n1' })
  await setStatus(server, pod, running)
  await withBudget(server, { disruptionsAllowed: 1 })
  const dry = await evict(server, '?dryRun=All')
  assert.equal(dry.status, 'Success')
  const before = await server.object<PodDisruptionBudget>('GET', `${budgets}/budget`)
  assert.equal(before.status.disruptionsAllowed, 1)
  const done = await evict(server, '', { ...eviction, deleteOptions: { gracePeriodSeconds: 0 } })
  assert.deepEqual([done.status, done.code], ['Success', 201])
  assert.equal((await server.refused('GET', `${pods}/a`)).code, 404)
  const after = await server.object<PodDisruptionBudget>('GET', `${budgets}/budget`)
  assert.equal(after.status.disruptionsAllowed, 0)
  assert.deepEqual(Object.keys(after.status.disruptedPods ?? {}), ['a'])
})

test('an eviction with grace says on the pod why it goes', async () => {
  await using server = await testRegistry({ serviceAccount: true })
  const pod = await withPod(server, {}, { nodeName: 'n1' })
  await setStatus(server, pod, running)
  await evict(server)
  const marked = await server.object<Pod>('GET', `${pods}/a`)
  assert.notEqual(marked.metadata.deletionTimestamp, undefined)
  const target = marked.status.conditions?.find(({ type }) => type === 'DisruptionTarget')
  assert.equal(target?.reason, 'EvictionByEvictionAPI')
})

test('an eviction that a budget refuses', async () => {
  const rows: readonly (readonly [string, object, number, string])[] = [
    [
      'nothing to spare',
      { disruptionsAllowed: 0 },
      0,
      'The disruption budget budget needs 1 healthy pods and has 1 currently',
    ],
    [
      'not yet seen by its controller',
      { disruptionsAllowed: 1, observedGeneration: 0 },
      10,
      'The disruption budget budget is still being processed by the server.',
    ],
  ]
  for (const [title, status, retryAfter, cause] of rows) {
    await using server = await testRegistry({ serviceAccount: true })
    const pod = await withPod(server, { labels: { app: 'a' } })
    await setStatus(server, pod, running)
    await withBudget(server, status)
    const refused = await server.refused('POST', `${pods}/a/eviction`, eviction)
    assert.equal(refused.code, 429, title)
    assert.equal(
      refused.message,
      "Cannot evict pod as it would violate the pod's disruption budget.",
    )
    assert.equal(refused.details?.retryAfterSeconds ?? 0, retryAfter)
    assert.deepEqual(refused.details?.causes, [{ reason: 'DisruptionBudget', message: cause }])
    await server.ask('GET', `${pods}/a`)
  }
})

test('whom budgets do not protect', async () => {
  const unready = { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] }
  const none = { disruptionsAllowed: 0 }
  const short = { disruptionsAllowed: 0, currentHealthy: 0 }
  const always = { unhealthyPodEvictionPolicy: 'AlwaysAllow' }
  const rows: readonly (readonly [string, object, object, object, boolean])[] = [
    ['a pod that has not started', { phase: 'Pending' }, none, {}, true],
    ['a pod that is over', { phase: 'Succeeded' }, none, {}, true],
    ['an unready pod of a healthy budget', unready, none, {}, true],
    ['an unready pod of a short budget', unready, short, {}, false],
    ['an unready pod that may always go', unready, short, always, true],
    ['a ready pod', running, none, always, false],
  ]
  for (const [title, status, budget, spec, goes] of rows) {
    await using server = await testRegistry({ serviceAccount: true })
    const pod = await withPod(server, { labels: { app: 'a' } })
    await setStatus(server, pod, status)
    await withBudget(server, budget, spec)
    const outcome = await evict(server).catch(() => undefined)
    assert.equal(outcome !== undefined, goes, title)
  }
})

test('a pod in two budgets cannot be evicted', async () => {
  await using server = await testRegistry({ serviceAccount: true })
  const pod = await withPod(server, { labels: { app: 'a' } })
  await setStatus(server, pod, running)
  await withBudget(server, { disruptionsAllowed: 1 }, {}, 'b1')
  await withBudget(server, { disruptionsAllowed: 1 }, {}, 'b2')
  const answer = await server.ask('POST', `${pods}/a/eviction`, { body: eviction })
  assert.equal(answer.type === 'status' && answer.code, 500)
  const status = await evict(server)
  assert.match(status.message ?? '', /^This pod has more than one PodDisruptionBudget/)
})

test('ways to kubelets that are not there', async () => {
  await using server = await testRegistry({ serviceAccount: true })
  await withPod(server, {}, { containers: [...containers, { name: 'other', image: 'x' }] })
  const refusal = async (method: string, path: string) => {
    const { code, message } = await server.refused(method, `${pods}/${path}`)
    return [code, message]
  }
  assert.deepEqual(await refusal('POST', 'a/exec?container=main&command=ls'), [
    400,
    'pod a does not have a host assigned',
  ])
  assert.deepEqual(await refusal('GET', 'a/log'), [
    400,
    'a container name must be specified for pod a, choose one of: [main other]',
  ])
  assert.deepEqual(await refusal('GET', 'a/log?container=x'), [
    400,
    'container x is not valid for pod a',
  ])
  assert.deepEqual(await refusal('GET', 'b/log'), [404, 'pods "b" not found'])
  assert.deepEqual(await refusal('GET', 'a/proxy'), [400, 'address not allowed'])
  assert.equal(await server.object('GET', `${pods}/a/log?container=main`), '')
  await server.ask('POST', `${pods}/a/binding`, { body: bind({ name: 'n1' }) })
  assert.deepEqual(await refusal('GET', 'a/log?container=main'), [404, 'nodes "n1" not found'])
  await server.ask('POST', '/api/v1/nodes', { body: { metadata: { name: 'n1' } } })
  assert.deepEqual(await refusal('GET', 'a/exec?container=main'), [400, 'Upgrade request required'])
  assert.equal((await refusal('PUT', 'a/exec?container=main'))[0], 405)
  assert.deepEqual(await refusal('GET', 'a/log?container=main'), [
    503,
    'error trying to reach service: this server has no connection to node "n1"',
  ])
})
