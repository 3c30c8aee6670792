import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resourceFromDocument, type DocumentedVersion } from '#machinery'
import { testServer, type Answered, type TestServer } from '../testing/server.ts'
import { widgets, widgetVersion } from '../testing/widgets.ts'

const v1 = '/apis/example.com/v1/namespaces/default/widgets'
const v2 = '/apis/example.com/v2/namespaces/default/widgets'

function kind(...versions: DocumentedVersion[]) {
  return resourceFromDocument(widgets({ versions }))
}

async function ok(
  server: TestServer,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answered> {
  const patch = method === 'PATCH' ? { contentType: 'application/merge-patch+json' } : {}
  const { code, object, text } = await server.request(method, path, { body, ...patch })
  assert.ok(code < 300, `${method} ${path}: ${text}`)
  return object
}

function widget(name: string, size = 1) {
  return { metadata: { name }, spec: { size } }
}

const shapeOf = ({ spec }: Answered): unknown => Object(spec).shape

test('a default that changes shows in what was stored without one, and in what is new', async () => {
  await using server = await testServer()
  await server.server.addResource(kind(widgetVersion('v1', { shape: null })))
  await ok(server, 'POST', v1, widget('old'))
  assert.equal(shapeOf(await ok(server, 'GET', `${v1}/old`)), undefined)

  await server.server.addResource(kind(widgetVersion('v1', { shape: 'square' })))
  assert.equal(shapeOf(await ok(server, 'GET', `${v1}/old`)), 'square')
  assert.equal(shapeOf(await ok(server, 'POST', v1, widget('new'))), 'square')

  await server.server.addResource(kind(widgetVersion('v1', { shape: 'oval' })))
  // What was written with a default keeps it; what never was has the present one.
  assert.equal(shapeOf(await ok(server, 'GET', `${v1}/new`)), 'square')
  const list = await ok(server, 'GET', v1)
  assert.deepEqual(list.items.map(shapeOf), ['square', 'oval'])
})

test('a version that is added shows the same objects under its name', async () => {
  await using server = await testServer()
  await server.server.addResource(kind(widgetVersion('v1')))
  const created = await ok(server, 'POST', v1, widget('a'))
  assert.equal((await server.request('GET', v2)).code, 404)

  const both = [widgetVersion('v1'), widgetVersion('v2', { storage: false })]
  await server.server.addResource(kind(...both))
  assert.deepEqual(await ok(server, 'GET', `${v1}/a`), created)
  assert.deepEqual(await ok(server, 'GET', `${v2}/a`), {
    ...created,
    apiVersion: 'example.com/v2',
  })
  const watch = await server.watch(`${v2}?resourceVersion=${created.metadata.resourceVersion}`)
  const changed = await ok(server, 'PATCH', `${v1}/a`, { spec: { size: 5 } })
  const [event] = await watch.next(1)
  assert.deepEqual(event?.object, { ...changed, apiVersion: 'example.com/v2' })
  const other = await ok(server, 'PUT', `${v2}/a`, { ...event.object, spec: { size: 6 } })
  assert.equal(other.apiVersion, 'example.com/v2')
  assert.equal(Object(await ok(server, 'GET', `${v1}/a`))['spec'].size, 6)
  const list = await ok(server, 'GET', v2)
  assert.equal(list.apiVersion, 'example.com/v2')
  assert.equal(list.items[0]?.apiVersion, 'example.com/v2')
  watch.close()
})

test('the stored version moves with the first write, also one that changes nothing', async () => {
  await using server = await testServer()
  await server.server.addResource(kind(widgetVersion('v1')))
  const created = await ok(server, 'POST', v1, widget('a'))
  const versions = [widgetVersion('v1', { storage: false }), widgetVersion('v2')]
  await server.server.addResource(kind(...versions))
  assert.equal(await storedVersion(server), 'example.com/v1')
  assert.deepEqual(await ok(server, 'GET', `${v1}/a`), created)
  const moved = await ok(server, 'PATCH', `${v1}/a`, {})
  assert.notEqual(moved.metadata.resourceVersion, created.metadata.resourceVersion)
  assert.equal(await storedVersion(server), 'example.com/v2')
  assert.deepEqual(await ok(server, 'PATCH', `${v1}/a`, {}), moved)
})

async function storedVersion({ store }: TestServer): Promise<unknown> {
  const start = '/registry/example.com/widgets/'
  const { records } = await store.range({ start, end: '/registry/example.com/widgets0' })
  return JSON.parse(Buffer.from(records[0]?.value ?? []).toString()).apiVersion
}

test('what is written while a kind is described anew is not missed', async () => {
  await using server = await testServer()
  await server.server.addResource(kind(widgetVersion('v1')))
  for (let at = 0; at < 20; at++) await ok(server, 'POST', v1, widget(`w${at}`))
  const replaced = server.server.addResource(kind(widgetVersion('v1', { shape: 'square' })))
  const writes = Array.from({ length: 20 }, (_, at) =>
    ok(server, 'PATCH', `${v1}/w${at}`, { spec: { size: 100 + at } }),
  )
  await Promise.all([replaced, ...writes])
  const { items } = await ok(server, 'GET', v1)
  const sizes = items.map(({ metadata, spec }) => `${metadata.name}:${Object(spec).size}`)
  assert.deepEqual(sizes.sort(), Array.from({ length: 20 }, (_, at) => `w${at}:${100 + at}`).sort())
})

test('a kind that goes away ends its watches and leaves the others alone', async () => {
  await using server = await testServer()
  const widgetKind = kind(widgetVersion('v1'))
  await server.server.addResource(widgetKind)
  await ok(server, 'POST', v1, widget('a'))
  const watch = await server.watch(v1)
  const others = await server.watch('/api/v1/namespaces/default/configmaps')
  server.server.removeResource(widgetKind)
  await watch.end
  assert.equal(watch.events.length, 1)
  for (const path of [v1, `${v1}/a`]) {
    const { code, object } = await server.request('GET', path)
    assert.equal(code, 404)
    assert.equal(object.reason, 'NotFound')
  }
  await ok(server, 'POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'a' } })
  assert.equal((await others.next(1))[0]?.type, 'ADDED')
  // What was stored is there again when the kind is.
  await server.server.addResource(widgetKind)
  assert.equal((await ok(server, 'GET', v1)).items.length, 1)
  others.close()
})
