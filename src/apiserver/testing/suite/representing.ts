import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stringifyYaml } from '#machinery'
import { labelsOf, type SampleKind, type Stage } from './corner.ts'

/** What is sent and answered, in all its forms. */
export function representingTests(kind: SampleKind, stage: Stage): void {
  test('unknown and duplicate fields are ignored, told of or refused, as asked', async () => {
    const corner = await stage.corner()
    const create = (name: string, validation: string) => {
      const text = JSON.stringify({ ...corner.body(name), nonsense: 1 })
      const body = text.replace('"metadata":{', '"metadata":{"labels":{},"labels":{"x":"1"},')
      return corner.send('POST', corner.path(undefined, validation), { body })
    }
    for (const [name, validation] of [
      ['warned', ''],
      ['warned-too', '?fieldValidation=Warn'],
    ] as const) {
      const warned = await create(name, validation)
      assert.equal(warned.code, 201, warned.text)
      const warning = warned.headers['warning'] ?? ''
      assert.match(warning, /299 - "duplicate field \\"metadata\.labels\\""/)
      assert.match(warning, /299 - "unknown field \\"nonsense\\""/)
      assert.equal(warned.object['nonsense'], undefined)
      assert.deepEqual(labelsOf(warned.object), { x: '1' })
    }
    const ignored = await create('ignored', '?fieldValidation=Ignore')
    assert.equal(ignored.code, 201)
    assert.equal(ignored.headers['warning'], undefined)
    const revision = await corner.revision()
    const refused = await create('refused', '?fieldValidation=Strict')
    assert.equal(refused.code, 400)
    assert.match(
      refused.object.message,
      /strict decoding error: .*duplicate field "metadata\.labels".*unknown field "nonsense"/,
    )
    const wrong = await create('wrong', '?fieldValidation=Sometimes')
    assert.equal(wrong.code, 422)
    assert.equal(await corner.revision(), revision)
    const patched = await corner.send('PATCH', corner.path('ignored', '?fieldValidation=Strict'), {
      body: { nonsense: 1 },
      contentType: 'application/merge-patch+json',
    })
    assert.equal(patched.code, 400, patched.text)
  })

  test('tables have a row for each object', async () => {
    const corner = await stage.corner()
    await corner.create('a', { labels: { x: '1' } })
    const b = await corner.create('b')
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io, application/json'
    const table = await corner.ok('GET', corner.path(), { accept })
    assert.equal(table.kind, 'Table')
    assert.equal(table.apiVersion, 'meta.k8s.io/v1')
    const names = table.columnDefinitions.map(({ name }) => name)
    assert.deepEqual(
      names,
      kind.resource.columns.map(({ name }) => name),
    )
    for (const { cells, object } of table.rows) {
      assert.equal(cells.length, names.length)
      assert.equal(object.kind, 'PartialObjectMetadata')
      assert.equal(object.apiVersion, 'meta.k8s.io/v1')
    }
    const rows = table.rows.map(({ object }) => object.metadata.name ?? '')
    assert.deepEqual(
      rows.flatMap((name) => corner.short(name)),
      ['a', 'b'],
    )
    const one = await corner.ok('GET', corner.path('b', '?includeObject=Object'), { accept })
    assert.equal(one.rows.length, 1)
    assert.deepEqual(one.rows[0]?.object, b)
    const none = await corner.ok('GET', corner.path('b', '?includeObject=None'), { accept })
    assert.equal(none.rows[0]?.object ?? null, null)
    await corner.refused(400, 'GET', corner.path('b', '?includeObject=Half'), { accept })
  })

  test('metadata is to be had alone', async () => {
    const corner = await stage.corner()
    const created = await corner.create('a', { labels: { x: '1' } })
    const one = await corner.ok('GET', corner.path('a'), {
      accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
    })
    assert.deepEqual(one, {
      kind: 'PartialObjectMetadata',
      apiVersion: 'meta.k8s.io/v1',
      metadata: created.metadata,
    })
    const list = await corner.ok('GET', corner.path(), {
      accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
    })
    assert.equal(list.kind, 'PartialObjectMetadataList')
    assert.deepEqual(corner.names(list), ['a'])
    assert.ok(list.items.every((item) => Object.keys(item).length === 3))
  })

  test('YAML is taken and given', async () => {
    const corner = await stage.corner()
    const response = await corner.send('POST', corner.path(), {
      body: stringifyYaml(corner.body('a', { labels: { yes: 'no' } })),
      contentType: 'application/yaml',
      accept: 'application/yaml',
    })
    assert.equal(response.code, 201, response.text)
    assert.equal(response.headers['content-type'], 'application/yaml')
    const json = await corner.get('a')
    assert.deepEqual(response.object, json)
    assert.equal(json.metadata.labels?.['yes'], 'no')
    const list = await corner.ok('GET', corner.path(), { accept: 'application/yaml' })
    assert.deepEqual(corner.names(list), ['a'])
    await corner.refused(400, 'POST', corner.path(), {
      body: 'a: [',
      contentType: 'application/yaml',
    })
  })

  test('what cannot be answered as asked is not carried out', async () => {
    const corner = await stage.corner()
    const created = await corner.create('a')
    const body = corner.body('b')
    const accept = 'application/vnd.unheard-of'
    await corner.refused(406, 'POST', corner.path(), { body, accept })
    await corner.refused(406, 'DELETE', corner.path('a'), { accept })
    await corner.refused(406, 'GET', corner.path('a'), { accept })
    await corner.refused(415, 'POST', corner.path(), { body, contentType: 'text/plain' })
    assert.deepEqual(await corner.get('a'), created)
    const missing = await corner.send('GET', corner.path('b'), {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
    })
    assert.equal(missing.code, 404)
    assert.equal(missing.object.kind, 'Status')
  })

  test('people get lines they can read', async () => {
    const corner = await stage.corner()
    await corner.create('a')
    const plain = await corner.send('GET', corner.path('a'))
    const pretty = await corner.send('GET', corner.path('a', '?pretty=true'))
    assert.deepEqual(pretty.object, plain.object)
    assert.ok(!plain.text.trimEnd().includes('\n'))
    assert.ok(pretty.text.includes('\n  "metadata": {'))
  })
}
