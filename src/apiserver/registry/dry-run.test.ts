import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testServer } from '../testing/server.ts'

const core = '/api/v1/namespaces/default'
const deployment = '/apis/apps/v1/namespaces/default/deployments/web'
const labels = { app: 'web' }
const spec = { containers: [{ name: 'web', image: 'web:1' }] }

/** Writes through subresources: each would change something if it were meant. */
const writes: readonly (readonly [method: string, path: string, body: object])[] = [
  ['PATCH', `${core}/pods/a/status`, { status: { message: 'hello' } }],
  [
    'POST',
    `${core}/pods/a/binding`,
    { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'a' }, target: { name: 'one' } },
  ],
  [
    'POST',
    `${core}/pods/a/eviction`,
    { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'a' } },
  ],
  ['PATCH', `${deployment}/scale`, { spec: { replicas: 7 } }],
  ['PATCH', `${deployment}/status`, { status: { observedGeneration: 7 } }],
  ['PUT', '/api/v1/namespaces/default/finalize', { metadata: { name: 'default' }, spec: {} }],
  ['PATCH', '/api/v1/nodes/one/status', { status: { phase: 'Running' } }],
  ['POST', `${core}/services`, { metadata: { name: 'b' }, spec: { ports: [{ port: 80 }] } }],
  ['DELETE', `${core}/services/a`, {}],
]

test('no door lets a dry run write', async () => {
  await using server = await testServer()
  const create = async (path: string, body: object) => {
    const { code, text } = await server.request('POST', path, { body })
    assert.equal(code, 201, text)
  }
  await create(`${core}/serviceaccounts`, { metadata: { name: 'default' } })
  await create('/api/v1/nodes', { metadata: { name: 'one' } })
  await create(`${core}/pods`, { metadata: { name: 'a' }, spec })
  await create(`${core}/services`, { metadata: { name: 'a' }, spec: { ports: [{ port: 80 }] } })
  await create('/apis/apps/v1/namespaces/default/deployments', {
    metadata: { name: 'web' },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  })
  const revision = async () => (await server.store.status()).revision
  const send = async (method: string, path: string, body: object) => {
    const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
    const { code, text } = await server.request(method, path, { body, contentType })
    assert.ok(code < 300, `${method} ${path}: ${text}`)
  }
  const before = await revision()
  for (const [method, path, body] of writes) {
    await send(method, `${path}?dryRun=All`, body)
    assert.equal(await revision(), before, `${method} ${path}`)
  }
  // Meant, each of them writes, so that the test says something.
  for (const [method, path, body] of writes) {
    const standing = await revision()
    await send(method, path, body)
    assert.ok((await revision()) > standing, `${method} ${path}`)
  }
})
