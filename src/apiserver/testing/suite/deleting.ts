import assert from 'node:assert/strict'
import { test } from 'node:test'
import { revisionOf, rv, type SampleKind, type Stage } from './corner.ts'

/** DELETE, of one and of many. */
export function deletingTests(kind: SampleKind, stage: Stage): void {
  test('what is deleted is gone', async () => {
    const corner = await stage.corner()
    const created = await corner.create('a')
    const answer = await corner.ok('DELETE', corner.path('a'))
    if (kind.lasting === true) {
      assert.notEqual(answer.metadata.deletionTimestamp, undefined)
      await corner.finish('a')
    } else if (kind.resource.returnsDeleted !== true) {
      assert.equal(answer.kind, 'Status')
      assert.equal(answer.status, 'Success')
      const { name, uid, kind: named } = answer.details
      assert.deepEqual([name, uid], [created.metadata.name, created.metadata.uid])
      assert.equal(named, kind.resource.name)
    }
    assert.equal((await corner.send('GET', corner.path('a'))).code, 404)
    // The name is free, and the next of that name is another object.
    assert.notEqual((await corner.create('a')).metadata.uid, created.metadata.uid)
  })

  test('preconditions protect what is no longer meant', async () => {
    const corner = await stage.corner()
    const created = await corner.create('a')
    const changed = await corner.change('a', 2)
    const attempt = (preconditions: object) => ({ body: { kind: 'DeleteOptions', preconditions } })
    const path = corner.path('a')
    const stale = await corner.refused(
      409,
      'DELETE',
      path,
      attempt({ resourceVersion: rv(created) }),
    )
    assert.match(stale.message, /Precondition failed: ResourceVersion in precondition/)
    const uid = '00000000-0000-4000-8000-000000000000'
    const other = await corner.refused(409, 'DELETE', path, attempt({ uid }))
    assert.match(other.message, /Precondition failed: UID in precondition/)
    await corner.ok(
      'DELETE',
      path,
      attempt({ uid: created.metadata.uid, resourceVersion: rv(changed) }),
    )
  })

  test('a dry run deletes nothing', async () => {
    const corner = await stage.corner()
    const created = await corner.create('a')
    const revision = await corner.revision()
    await corner.ok('DELETE', corner.path('a', '?dryRun=All'))
    await corner.ok('DELETE', corner.path('a'), { body: { dryRun: ['All'] } })
    const foreground = { dryRun: ['All'], propagationPolicy: 'Foreground' }
    const marked = await corner.ok('DELETE', corner.path('a'), { body: foreground })
    assert.equal(marked.apiVersion, created.apiVersion)
    assert.ok(marked.metadata.finalizers?.includes('foregroundDeletion'))
    if (kind.resource.verbs.has('deletecollection')) {
      await corner.ok('DELETE', corner.path(undefined, '?dryRun=All'))
    }
    assert.equal(await corner.revision(), revision)
    assert.deepEqual(await corner.get('a'), created)
  })

  test('options that make no sense are refused', async () => {
    const corner = await stage.corner()
    await corner.create('a')
    const refused = (code: number, body: unknown) =>
      corner.refused(code, 'DELETE', corner.path('a'), { body })
    await refused(422, { propagationPolicy: 'Sideways' })
    await refused(422, { propagationPolicy: 'Orphan', orphanDependents: true })
    await refused(422, { dryRun: ['None'] })
    await refused(400, { gracePeriodSeconds: 'soon' })
    await refused(400, { gracePeriodSeconds: 1e300 })
    await refused(400, { gracePeriodSeconds: 1.5 })
    await refused(400, { preconditions: 'none' })
    await refused(400, { preconditions: { uid: 7 } })
    await refused(400, { orphanDependents: 'yes' })
    await refused(400, { propagationPolicy: 7 })
    await refused(400, { dryRun: 'All' })
    await refused(400, [])
    await refused(400, '{')
    for (const query of ['propagationPolicy=Sideways', 'gracePeriodSeconds=soon']) {
      const { code } = await corner.send('DELETE', corner.path('a', `?${query}`))
      assert.ok(code === 400 || code === 422, query)
    }
  })

  test('finalizers hold what is deleted until they are gone', async () => {
    const corner = await stage.corner()
    const finalizers = ['example.com/first', 'example.com/second']
    const created = await corner.create('a', { finalizers })
    const watch = await corner.watch(`resourceVersion=${rv(created)}`)
    const marked = await corner.ok('DELETE', corner.path('a'))
    assert.equal(marked.kind, kind.face.kind)
    assert.notEqual(marked.metadata.deletionTimestamp, undefined)
    assert.equal(marked.metadata.deletionGracePeriodSeconds, 0)
    assert.deepEqual(marked.metadata.finalizers, finalizers)
    if (kind.resource.generation) assert.equal(marked.metadata.generation, 2)
    // Once more changes nothing.
    assert.deepEqual(await corner.ok('DELETE', corner.path('a')), marked)
    const taken = await corner.refused(409, 'POST', corner.path(), { body: corner.body('a') })
    assert.match(taken.message, /already exists/)
    // Nobody can bring it back or hold it with more.
    const { deletionTimestamp: _, deletionGracePeriodSeconds: __, ...alive } = marked.metadata
    assert.deepEqual(await corner.put({ ...marked, metadata: alive }), marked)
    const more = { metadata: { finalizers: [...finalizers, 'example.com/third'] } }
    await corner.refused(422, 'PATCH', corner.path('a'), {
      body: more,
      contentType: 'application/merge-patch+json',
    })
    await corner.merge('a', { metadata: { finalizers: finalizers.slice(1) } })
    await corner.finish('a')
    await corner.get('a')
    const last = await corner.merge('a', { metadata: { finalizers: [] } })
    assert.equal(last.metadata.name, corner.name('a'))
    assert.equal((await corner.send('GET', corner.path('a'))).code, 404)
    const seen = corner.seen(watch.events)
    assert.equal(seen.at(-1), `DELETED a@${await corner.revision()}`)
    watch.close()
  })

  test('the cascade is chosen by finalizers', async () => {
    const corner = await stage.corner()
    const cases = [
      ['foreground', { propagationPolicy: 'Foreground' }, 'foregroundDeletion'],
      ['orphan', { propagationPolicy: 'Orphan' }, 'orphan'],
      ['orphaning', { orphanDependents: true }, 'orphan'],
    ] as const
    for (const [name, body, finalizer] of cases) {
      await corner.create(name)
      const marked = await corner.ok('DELETE', corner.path(name), { body })
      assert.deepEqual(marked.metadata.finalizers, [finalizer])
      assert.notEqual(marked.metadata.deletionTimestamp, undefined)
    }
    // Another policy takes the place of the first, and background leaves none.
    const changed = await corner.ok(
      'DELETE',
      corner.path('foreground', '?propagationPolicy=Orphan'),
    )
    assert.deepEqual(changed.metadata.finalizers, ['orphan'])
    await corner.ok('DELETE', corner.path('orphan'), { body: { propagationPolicy: 'Background' } })
    await corner.finish('orphan')
    assert.equal((await corner.send('GET', corner.path('orphan'))).code, 404)
  })

  test('a collection is deleted by what selects it', async () => {
    const corner = await stage.corner()
    if (!kind.resource.verbs.has('deletecollection')) {
      await corner.refused(405, 'DELETE', corner.path())
      return
    }
    await corner.create('a', { labels: { out: 'yes' } })
    await corner.create('b')
    await corner.create('c', { labels: { out: 'yes' }, finalizers: ['example.com/hold'] })
    const answer = await corner.ok('DELETE', corner.path(undefined, '?labelSelector=out%3Dyes'))
    assert.deepEqual(corner.names(answer), ['a', 'c'])
    const left = await corner.ok('GET', corner.path())
    assert.deepEqual(corner.names(left), ['b', 'c'])
    assert.notEqual(left.items[1]?.metadata.deletionTimestamp, undefined)
    assert.equal(revisionOf(left), await corner.revision())
    const named = `?fieldSelector=metadata.name%3D${corner.name('b')}`
    await corner.ok('DELETE', corner.path(undefined, named))
    assert.deepEqual(corner.names(await corner.ok('GET', corner.path())), ['c'])
    if (kind.resource.namespaced) {
      const everywhere = corner.path().replace(`/namespaces/${corner.namespace}`, '')
      await corner.refused(405, 'DELETE', everywhere)
    }
  })
}
