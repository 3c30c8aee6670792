import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mergePatch, type Json } from '#machinery'
import type { Answered } from '../server.ts'
import { rv, type SampleKind, type Stage } from './corner.ts'

/** POST and PUT. */
export function writingTests(kind: SampleKind, stage: Stage): void {
  test('a create that makes no sense is refused', async () => {
    const corner = await stage.corner()
    await corner.create('taken')
    const refused = (code: number, body: unknown, path = corner.path()) =>
      corner.refused(code, 'POST', path, { body })
    assert.equal((await refused(409, corner.body('taken'))).reason, 'AlreadyExists')
    assert.equal((await refused(400, corner.body('a', { resourceVersion: '1' }))).code, 400)
    assert.match((await refused(422, corner.body('a', { name: '' }))).message, /generateName/)
    assert.equal((await refused(422, corner.body('a', { name: 'Not/A Name' }))).reason, 'Invalid')
    assert.match((await refused(400, { ...corner.body('a'), kind: 'Other' })).message, /Other/)
    const version = { ...corner.body('a'), apiVersion: 'other/v9' }
    assert.match((await refused(400, version)).message, /other\/v9/)
    await refused(400, { ...corner.body('a'), metadata: 5 })
    await refused(400, [corner.body('a')])
    await refused(400, '{"kind":')
    if (kind.resource.namespaced) {
      const elsewhere = corner.body('a', { namespace: 'elsewhere' })
      assert.match((await refused(400, elsewhere)).message, /does not match the namespace/)
      const missing = corner.path().replace(corner.namespace, 'no-such-namespace')
      assert.equal((await refused(404, corner.body('a'), missing)).reason, 'NotFound')
    }
    const invalid = corner.body('a', {}, kind.invalid.change)
    const status = await refused(422, invalid)
    assert.ok(
      status.details.causes?.some(({ field }) => field === kind.invalid.field),
      JSON.stringify(status),
    )
  })

  test('names are made from a prefix', async () => {
    const corner = await stage.corner()
    const generateName = corner.name('made-')
    const bodies = Array.from({ length: 5 }, () => corner.body('', { name: '', generateName }))
    const made = await Promise.all(bodies.map((body) => corner.ok('POST', corner.path(), { body })))
    const names = made.map(({ metadata }) => metadata.name ?? '')
    assert.equal(new Set(names).size, 5)
    for (const name of names) {
      assert.match(name.slice(generateName.length), /^[bcdfghjklmnpqrstvwxz2456789]{5}$/)
      assert.ok(name.startsWith(generateName))
    }
    const dry = await corner.ok('POST', corner.path(undefined, '?dryRun=All'), {
      body: corner.body('', { name: '', generateName }),
    })
    assert.ok((dry.metadata.name ?? '').startsWith(generateName))
  })

  test('what the server says of an object, clients cannot', async () => {
    const corner = await stage.corner()
    const created = await corner.create('a', {
      uid: 'mine',
      creationTimestamp: '1999-01-01T00:00:00Z',
      deletionTimestamp: '1999-01-01T00:00:00Z',
      deletionGracePeriodSeconds: 5,
      generation: 99,
      selfLink: '/mine',
    })
    const { metadata } = created
    assert.notEqual(metadata.uid, 'mine')
    assert.notEqual(metadata.creationTimestamp, '1999-01-01T00:00:00Z')
    assert.equal(metadata.deletionTimestamp, undefined)
    assert.equal(metadata.generation, kind.resource.generation ? 1 : undefined)
    const updated = await corner.put({
      ...created,
      metadata: {
        ...metadata,
        creationTimestamp: '1999-01-01T00:00:00Z',
        deletionTimestamp: '1999-01-01T00:00:00Z',
        generation: 99,
      },
    })
    assert.deepEqual(updated, created)
  })

  test('an update needs the version it was made from', async () => {
    const corner = await stage.corner()
    const first = await corner.create('a')
    const changed = (object: Answered, n: number) => merged(object, kind.change(n))
    const second = await corner.put(changed(first, 1))
    assert.equal(kind.read(second), kind.read(changed(first, 1)))
    assert.notEqual(rv(second), rv(first))
    const status = await corner.refused(409, 'PUT', corner.path('a'), { body: changed(first, 2) })
    assert.equal(status.reason, 'Conflict')
    assert.match(status.message, /the object has been modified; please apply your changes/)
    assert.deepEqual(await corner.get('a'), second)

    const { resourceVersion: _, ...unversioned } = changed(second, 3).metadata
    const body = { ...changed(second, 3), metadata: unversioned }
    if (kind.resource.unconditionalUpdate) {
      assert.equal(kind.read(await corner.put(body)), kind.read(changed(second, 3)))
    } else {
      const refusal = await corner.refused(422, 'PUT', corner.path('a'), { body })
      assert.equal(refusal.details.causes?.[0]?.field, 'metadata.resourceVersion')
    }
  })

  test('an update must be of the object it names', async () => {
    const corner = await stage.corner()
    const created = await corner.create('a')
    const { metadata } = created
    const put = (code: number, change: object, path = corner.path('a')) =>
      corner.refused(code, 'PUT', path, {
        body: { ...created, metadata: { ...metadata, ...change } },
      })
    const uid = await put(409, { uid: '00000000-0000-4000-8000-000000000000' })
    assert.match(uid.message, /Precondition failed: UID in precondition/)
    assert.match((await put(400, { name: corner.name('b') })).message, /does not match the name/)
    assert.match((await put(400, { name: '' })).message, /name must be provided/)
    if (kind.resource.namespaced) {
      const status = await put(400, { namespace: 'elsewhere' })
      assert.match(status.message, /does not match the namespace/)
    }
    const invalid = { ...merged(created, kind.invalid.change) }
    const refusal = await corner.refused(422, 'PUT', corner.path('a'), { body: invalid })
    assert.equal(refusal.reason, 'Invalid')
    assert.deepEqual(await corner.get('a'), created)
  })

  test('an update of what is not there creates it only where the kind says so', async () => {
    const corner = await stage.corner()
    const body = corner.body('new')
    if (kind.resource.createOnUpdate) {
      const response = await corner.send('PUT', corner.path('new'), { body })
      assert.equal(response.code, 201, response.text)
      assert.deepEqual(await corner.get('new'), response.object)
    } else {
      const status = await corner.refused(404, 'PUT', corner.path('new'), { body })
      assert.equal(status.reason, 'NotFound')
    }
  })

  test('an update that changes nothing writes nothing', async () => {
    const corner = await stage.corner()
    const created = await corner.create('a', { labels: { b: '2', a: '1' } })
    corner.server.clock.advance(10_000)
    const revision = await corner.revision()
    const { managedFields: _, ...metadata } = created.metadata
    const again = await corner.send('PUT', corner.path('a', '?fieldManager=somebody-else'), {
      // Another order of keys and an absent managedFields are no change.
      body: { ...created, metadata: { ...metadata, labels: { a: '1', b: '2' } } },
    })
    assert.equal(again.code, 200, again.text)
    assert.deepEqual(again.object, created)
    assert.equal(await corner.revision(), revision)
    assert.deepEqual(await corner.get('a'), created)
  })

  test('a dry run answers as if, and writes nothing', async () => {
    const corner = await stage.corner()
    const created = await corner.create('a')
    const revision = await corner.revision()
    const dry = await corner.send('POST', corner.path(undefined, '?dryRun=All'), {
      body: corner.body('b'),
    })
    assert.equal(dry.code, 201, dry.text)
    assert.equal(dry.object.kind, kind.face.kind)
    assert.equal(dry.object.apiVersion, created.apiVersion)
    assert.equal(dry.object.metadata.resourceVersion, undefined)
    assert.equal((await corner.send('GET', corner.path('b'))).code, 404)
    const taken = await corner.refused(409, 'POST', corner.path(undefined, '?dryRun=All'), {
      body: corner.body('a'),
    })
    assert.equal(taken.reason, 'AlreadyExists')
    const updated = await corner.put(merged(created, kind.change(8)), '?dryRun=All')
    assert.equal(kind.read(updated), kind.read(merged(created, kind.change(8))))
    assert.equal(updated.apiVersion, created.apiVersion)
    assert.equal(await corner.revision(), revision)
    assert.deepEqual(await corner.get('a'), created)
    const wrong = await corner.refused(422, 'POST', corner.path(undefined, '?dryRun=maybe'), {
      body: corner.body('b'),
    })
    assert.match(wrong.message, /dryRun/)
  })

  test('generations count what is asked for, and nothing else', async () => {
    if (!kind.resource.generation) return
    const corner = await stage.corner()
    const generation = ({ metadata }: Answered) => metadata.generation
    assert.equal(generation(await corner.create('a')), 1)
    assert.equal(generation(await corner.change('a', 1)), 2)
    assert.equal(generation(await corner.change('a', 1)), 2)
    const labelled = await corner.merge('a', { metadata: { labels: { x: 'y' } } })
    assert.equal(generation(labelled), 2)
    const forged = await corner.merge('a', { metadata: { generation: 7 } })
    assert.equal(generation(forged), 2)
    if (kind.status === undefined) return
    const patched = await corner.merge('a', kind.status.change(1), '/status')
    assert.equal(
      kind.status.read(patched),
      kind.status.read(merged(patched, kind.status.change(1))),
    )
    assert.equal(generation(patched), 2)
  })

  test('status and the rest are written through different doors', async () => {
    if (kind.status === undefined) return
    const { status } = kind
    const corner = await stage.corner()
    const created = await corner.create('a', {}, status.change(3))
    assert.notEqual(status.read(created), status.read(merged(created, status.change(3))))
    // Through the main door the status stays; through the other one, everything else.
    const both = merged(merged(created, status.change(2)), kind.change(2))
    const main = await corner.put(both)
    assert.equal(kind.read(main), kind.read(both))
    assert.equal(status.read(main), status.read(created))
    const other = merged(merged(main, status.change(2)), kind.change(5))
    const side = await corner.put(other, '/status')
    assert.equal(kind.read(side), kind.read(main))
    assert.equal(status.read(side), status.read(other))
    assert.deepEqual(await corner.ok('GET', corner.path('a', '/status')), side)
  })
}

function merged(object: Answered, patch: Json): Answered {
  return mergePatch(object, patch) as Answered
}
