import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testServer, type Answered, type TestServer } from '../testing/server.ts'

const pods = '/api/v1/namespaces/default/pods'

/** A server with a pod on a node: one that a kubelet must end. */
async function withPod(spec: object = {}): Promise<TestServer> {
  const server = await testServer()
  const account = { metadata: { name: 'default' } }
  await ok(server, 'POST', '/api/v1/namespaces/default/serviceaccounts', account)
  await ok(server, 'POST', pods, {
    metadata: { name: 'a' },
    spec: { nodeName: 'one', containers: [{ name: 'web', image: 'web:1' }], ...spec },
  })
  return server
}

async function ok(
  server: TestServer,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answered> {
  const { code, object, text } = await server.request(method, path, { body })
  assert.ok(code < 300, `${method} ${path}: ${text}`)
  return object
}

const grace = ({ metadata }: Answered) => [
  metadata.deletionGracePeriodSeconds,
  metadata.deletionTimestamp,
]

test('a pod on a node is marked and stays for its grace period', async () => {
  await using server = await withPod({ terminationGracePeriodSeconds: 20 })
  const watch = await server.watch(`${pods}?fieldSelector=spec.nodeName%3Done`)
  const marked = await ok(server, 'DELETE', `${pods}/a`)
  assert.equal(marked.kind, 'Pod')
  assert.deepEqual(grace(marked), [20, '2027-01-15T08:00:20Z'])
  assert.equal(marked.metadata.generation, 2)
  assert.deepEqual(await ok(server, 'GET', `${pods}/a`), marked)
  const [, event] = await watch.next(2)
  assert.deepEqual(event, { type: 'MODIFIED', object: marked })
  watch.close()
})

test('the period is that of the request, and can only become shorter', async () => {
  await using server = await withPod()
  const path = `${pods}/a`
  assert.deepEqual(grace(await ok(server, 'DELETE', `${path}?gracePeriodSeconds=60`)), [
    60,
    '2027-01-15T08:01:00Z',
  ])
  server.clock.advance(10_000)
  const longer = await ok(server, 'DELETE', path, { gracePeriodSeconds: 100 })
  assert.deepEqual(grace(longer), [60, '2027-01-15T08:01:00Z'])
  assert.deepEqual(await ok(server, 'DELETE', path), longer)
  // Counted from when the deletion was first asked for.
  const shorter = await ok(server, 'DELETE', path, { gracePeriodSeconds: 15 })
  assert.deepEqual(grace(shorter), [15, '2027-01-15T08:00:15Z'])
})

test('the kubelet ends it with no grace at all', async () => {
  await using server = await withPod()
  const marked = await ok(server, 'DELETE', `${pods}/a`)
  const { uid = '' } = marked.metadata
  const wrong = { gracePeriodSeconds: 0, preconditions: { uid: `not-${uid}` } }
  assert.equal((await server.request('DELETE', `${pods}/a`, { body: wrong })).code, 409)
  await ok(server, 'DELETE', `${pods}/a`, { gracePeriodSeconds: 0, preconditions: { uid } })
  assert.equal((await server.request('GET', `${pods}/a`)).code, 404)
})

test('finalizers hold a pod beyond its grace', async () => {
  await using server = await withPod()
  await server.request('PATCH', `${pods}/a`, {
    body: { metadata: { finalizers: ['example.com/hold'] } },
    contentType: 'application/merge-patch+json',
  })
  await ok(server, 'DELETE', `${pods}/a`)
  const held = await ok(server, 'DELETE', `${pods}/a`, { gracePeriodSeconds: 0 })
  assert.deepEqual(grace(held)[0], 0)
  await server.request('PATCH', `${pods}/a`, {
    body: { metadata: { finalizers: null } },
    contentType: 'application/merge-patch+json',
  })
  assert.equal((await server.request('GET', `${pods}/a`)).code, 404)
})

test('a grace beyond all times is one that can be written', async () => {
  for (const seconds of ['9223372036854775807', '9007199254740991', '1e15']) {
    await using server = await withPod()
    const { code, object, text } = await server.request('DELETE', `${pods}/a`, {
      body: `{"gracePeriodSeconds":${seconds}}`,
    })
    if (code === 200) assert.match(object.metadata.deletionTimestamp ?? '', /^21\d\d-/)
    else assert.equal(code, 400, text)
  }
})

test('a pod without a node, or one that has ended, goes at once', async () => {
  await using server = await withPod({ nodeName: '' })
  await ok(server, 'DELETE', `${pods}/a`)
  assert.equal((await server.request('GET', `${pods}/a`)).code, 404)
  await using ended = await withPod()
  await ended.request('PATCH', `${pods}/a/status`, {
    body: { status: { phase: 'Succeeded' } },
    contentType: 'application/merge-patch+json',
  })
  await ok(ended, 'DELETE', `${pods}/a`)
  assert.equal((await ended.request('GET', `${pods}/a`)).code, 404)
})
