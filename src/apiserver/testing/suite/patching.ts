import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Answered } from '../server.ts'
import {
  applyType,
  jsonPatchType,
  labelsOf,
  mergeType,
  rv,
  strategicType,
  type Corner,
  type SampleKind,
  type Stage,
} from './corner.ts'

/** PATCH in its four types. */
export function patchingTests(kind: SampleKind, stage: Stage): void {
  const structural = kind.face.schema.structural !== undefined

  test('merge patches change what they name', async () => {
    const corner = await stage.corner()
    const created = await corner.create('a', { labels: { keep: '1', drop: '2' } })
    const changed = await corner.change('a', 3)
    const relabelled = await corner.merge('a', { metadata: { labels: { drop: null, add: '3' } } })
    assert.equal(kind.read(relabelled), kind.read(changed))
    assert.deepEqual(await corner.get('a'), relabelled)
    assert.deepEqual(labelsOf(relabelled), { keep: '1', add: '3' })
    assert.equal(changed.metadata.uid, created.metadata.uid)
    assert.notEqual(kind.read(changed), kind.read(created))
  })

  test('JSON patches do what they say, all or nothing', async () => {
    const corner = await stage.corner()
    const created = await corner.create('a', { labels: { x: '1' } })
    const patch = (body: unknown) => ({ body, contentType: jsonPatchType })
    const patched = await corner.ok(
      'PATCH',
      corner.path('a'),
      patch([
        { op: 'test', path: '/metadata/labels/x', value: '1' },
        { op: 'replace', path: '/metadata/labels/x', value: '2' },
        { op: 'copy', from: '/metadata/labels/x', path: '/metadata/labels/y~1z' },
      ]),
    )
    assert.deepEqual(labelsOf(patched), { x: '2', 'y/z': '2' })
    const failing = patch([
      { op: 'add', path: '/metadata/labels/more', value: '1' },
      { op: 'test', path: '/metadata/labels/x', value: 'nothing like it' },
    ])
    assert.equal((await corner.refused(422, 'PATCH', corner.path('a'), failing)).reason, 'Invalid')
    const unknown = patch([{ op: 'fly', path: '/x' }])
    await corner.refused(422, 'PATCH', corner.path('a'), unknown)
    for (const malformed of [{ op: 'add' }, 'text', [5], '[{']) {
      await corner.refused(400, 'PATCH', corner.path('a'), patch(malformed))
    }
    assert.equal((await corner.get('a')).metadata.uid, created.metadata.uid)
  })

  test('strategic merge patches are for kinds that know their lists', async () => {
    const corner = await stage.corner()
    await corner.create('a', { labels: { x: '1' }, finalizers: ['example.com/one'] })
    const request = {
      body: { metadata: { labels: { y: '2' }, finalizers: ['example.com/two'] } },
      contentType: strategicType,
    }
    if (structural) {
      const status = await corner.refused(415, 'PATCH', corner.path('a'), request)
      assert.doesNotMatch(status.message, /strategic/)
      return
    }
    const patched = await corner.ok('PATCH', corner.path('a'), request)
    assert.deepEqual(labelsOf(patched), { x: '1', y: '2' })
    assert.deepEqual([...(patched.metadata.finalizers ?? [])].sort(), [
      'example.com/one',
      'example.com/two',
    ])
    const replaced = await corner.ok('PATCH', corner.path('a'), {
      body: { metadata: { labels: { $patch: 'replace', z: '3' } } },
      contentType: strategicType,
    })
    assert.deepEqual(labelsOf(replaced), { z: '3' })
    await corner.refused(400, 'PATCH', corner.path('a'), {
      body: { metadata: { labels: { $patch: 'explode' } } },
      contentType: strategicType,
    })
  })

  test('patches are refused where they make no sense', async () => {
    const corner = await stage.corner()
    const created = await corner.create('a')
    const patch = (code: number, body: unknown, contentType = mergeType, short = 'a') =>
      corner.refused(code, 'PATCH', corner.path(short), { body, contentType })
    assert.equal((await patch(404, {}, mergeType, 'missing')).reason, 'NotFound')
    await patch(415, {}, 'application/json')
    await patch(415, {}, 'text/plain')
    await patch(400, '{"metadata":', mergeType)
    await patch(400, [], mergeType)
    await patch(400, { metadata: { name: corner.name('b') } })
    await patch(409, { metadata: { uid: '00000000-0000-4000-8000-000000000000' } })
    assert.equal((await patch(409, { metadata: { resourceVersion: '1' } })).reason, 'Conflict')
    assert.equal((await patch(422, kind.invalid.change)).reason, 'Invalid')
    if (kind.resource.namespaced) await patch(400, { metadata: { namespace: 'elsewhere' } })
    await corner.refused(422, 'PATCH', corner.path('a', '?force=true'), {
      body: {},
      contentType: mergeType,
    })
    assert.deepEqual(await corner.get('a'), created)
  })

  test('a patch that changes nothing writes nothing', async () => {
    const corner = await stage.corner()
    const created = await corner.create('a', { labels: { x: '1' } })
    const same = await corner.change('a', 1)
    corner.server.clock.advance(10_000)
    const revision = await corner.revision()
    assert.deepEqual(await corner.change('a', 1), same)
    assert.deepEqual(await corner.merge('a', { metadata: { labels: { x: '1' } } }), same)
    const dry = await corner.ok('PATCH', corner.path('a', '?dryRun=All'), {
      body: kind.change(2),
      contentType: mergeType,
    })
    assert.equal(rv(dry), rv(same))
    assert.notEqual(kind.read(dry), kind.read(same))
    assert.equal(await corner.revision(), revision)
    assert.equal(created.metadata.uid, same.metadata.uid)
  })

  test('an apply creates, changes, takes away and leaves alone', async () => {
    const corner = await stage.corner()
    const labels = (given: Record<string, string>) => ({ labels: given })
    const created = await corner.send('PATCH', corner.path('a', '?fieldManager=suite'), {
      body: corner.body('a', labels({ mine: '1', gone: '1' })),
      contentType: applyType,
    })
    assert.equal(created.code, 201, created.text)
    assert.deepEqual(managers(created.object), ['suite Apply'])
    const revision = await corner.revision()
    const again = await corner.apply(corner.body('a', labels({ mine: '1', gone: '1' })))
    assert.deepEqual(again, created.object)
    assert.equal(await corner.revision(), revision)

    await corner.merge('a', { metadata: { labels: { others: '1' } } }, '?fieldManager=other')
    const applied = await corner.apply(corner.body('a', labels({ mine: '2' })))
    assert.deepEqual(labelsOf(applied), { mine: '2', others: '1' })
    assert.deepEqual(managers(applied).sort(), ['other Update', 'suite Apply'])
    assert.deepEqual(await corner.get('a'), applied)
  })

  test('an apply meets what belongs to others, and may force it', async () => {
    const corner = await stage.corner()
    await corner.apply(corner.body('a', { labels: { shared: 'mine' } }))
    const theirs = {
      body: corner.body('a', { labels: { shared: 'theirs' } }),
      contentType: applyType,
    }
    const path = corner.path('a', '?fieldManager=second')
    const status = await corner.refused(409, 'PATCH', path, theirs)
    assert.equal(status.reason, 'Conflict')
    assert.deepEqual(
      status.details.causes?.map(({ reason, field }) => [reason, field]),
      [['FieldManagerConflict', '.metadata.labels.shared']],
    )
    assert.match(status.message, /conflict with "suite"/)
    const forced = await corner.ok('PATCH', `${path}&force=true`, theirs)
    assert.equal(forced.metadata.labels?.['shared'], 'theirs')
    // The first manager may let go of it without taking it away.
    const released = await corner.apply(corner.body('a'))
    assert.equal(released.metadata.labels?.['shared'], 'theirs')
  })

  test('an apply says who applies, and comes in YAML as well', async () => {
    const corner = await stage.corner()
    const body = corner.body('a', { labels: { x: '1' } })
    const refused = (code: number, rest: string, given: unknown) =>
      corner.refused(code, 'PATCH', corner.path('a', rest), { body: given, contentType: applyType })
    assert.match((await refused(422, '', body)).message, /fieldManager/)
    await refused(400, '?fieldManager=x', { ...body, apiVersion: '' })
    await refused(400, '?fieldManager=x', ': no yaml : [')
    const managed = { ...body, metadata: { ...body.metadata, managedFields: [{ manager: 'x' }] } }
    await refused(400, '?fieldManager=x', managed)
    const dry = await corner.apply(body, '?fieldManager=x&dryRun=All')
    assert.equal(dry.metadata.name, corner.name('a'))
    assert.equal((await corner.send('GET', corner.path('a'))).code, 404)
    const yaml = `# applied\n${JSON.stringify(body)}\n`
    const applied = await corner.ok('PATCH', corner.path('a', '?fieldManager=x'), {
      body: yaml,
      contentType: applyType,
    })
    assert.deepEqual(managers(applied), ['x Apply'])
    assert.deepEqual(await corner.get('a'), applied)
  })

  test('a patch finds out what another writer did, and loses nothing of it', async () => {
    const corner = await stage.corner()
    await corner.create('a')
    const names = Array.from({ length: 8 }, (_, at) => `l${at}`)
    await Promise.all(names.map((name) => label(corner, name)))
    assert.deepEqual(Object.keys(labelsOf(await corner.get('a'))).sort(), names)
  })
}

function label(corner: Corner, name: string): Promise<Answered> {
  return corner.merge('a', { metadata: { labels: { [name]: 'x' } } })
}

function managers({ metadata }: Answered): string[] {
  return (metadata.managedFields ?? []).map(({ manager, operation }) => `${manager} ${operation}`)
}
