import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mergeType, revisionOf, rv, second, turn, type SampleKind, type Stage } from './corner.ts'

/** WATCH. */
export function watchingTests(kind: SampleKind, stage: Stage): void {
  test('a watch without a version begins with what is there', async () => {
    const corner = await stage.corner()
    const a = await corner.create('a')
    const b = await corner.create('b')
    for (const query of ['labelSelector=!none', 'labelSelector=!none&resourceVersion=0']) {
      const watch = await corner.watch(query)
      const seen = corner.seen(watch.events)
      assert.deepEqual(seen, [`ADDED a@${rv(a)}`, `ADDED b@${rv(b)}`])
      watch.close()
    }
  })

  test('every change is an event with the state it made', async () => {
    const corner = await stage.corner()
    const watch = await corner.watch(`resourceVersion=${await corner.revision()}`)
    const created = await corner.create('a')
    const changed = await corner.change('a', 4)
    await corner.ok('DELETE', corner.path('a'))
    const marked = kind.lasting === true ? await corner.get('a') : undefined
    await corner.finish('a')
    const deletion = await corner.revision()
    const last = marked ?? changed
    const events = await watch.next(marked === undefined ? 3 : 4)
    assert.deepEqual(
      events.map(({ type }) => type).filter((type, at, all) => type !== all[at - 1]),
      ['ADDED', 'MODIFIED', 'DELETED'],
    )
    assert.deepEqual(events[0]?.object, created)
    assert.deepEqual(events[1]?.object, changed)
    // A deletion shows the last state, with its own revision.
    const deleted = events.at(-1)?.object
    const { metadata } = last
    const resourceVersion = String(deletion)
    assert.deepEqual(deleted, { ...last, metadata: { ...metadata, resourceVersion } })
    assert.deepEqual(watch.events, events)
    watch.close()
    await corner.create('a')
    await turn(corner.server)
    assert.deepEqual(watch.events, events)
  })

  test('a watch goes on after the version it names, without gap or repetition', async () => {
    const corner = await stage.corner()
    await corner.create('a')
    const from = await corner.change('a', 1)
    const b = await corner.create('b')
    const changed = await corner.change('a', 2)
    const watch = await corner.watch(`resourceVersion=${rv(from)}`)
    const c = await corner.create('c')
    const seen = corner.seen(await watch.next(3))
    assert.deepEqual(seen, [`ADDED b@${rv(b)}`, `MODIFIED a@${rv(changed)}`, `ADDED c@${rv(c)}`])
    watch.close()
  })

  test('what memory does not hold comes from the history', async (context) => {
    const corner = await stage.corner()
    const from = await corner.create('a', { labels: { in: 'yes' } })
    const changed = await corner.change('a', 2)
    const left = await corner.merge('a', { metadata: { labels: { in: 'no' } } })
    await corner.remove('a')
    const gone = await corner.revision()
    const other = await second(corner)
    context.after(() => other[Symbol.asyncDispose]())
    const all = await other.watch(`${corner.path()}?resourceVersion=${rv(from)}`)
    const seen = corner.seen(all.events)
    assert.equal(seen[0], `MODIFIED a@${rv(changed)}`)
    assert.equal(seen[1], `MODIFIED a@${rv(left)}`)
    assert.equal(seen.at(-1), `DELETED a@${gone}`)
    // The same, seen through a selector, and the end of it live.
    const selected = await other.watch(
      `${corner.path()}?resourceVersion=${rv(from)}&labelSelector=in%3Dyes`,
    )
    const b = await corner.create('b', { labels: { in: 'yes' } })
    assert.deepEqual(corner.seen(await selected.next(3)), [
      `MODIFIED a@${rv(changed)}`,
      `DELETED a@${rv(left)}`,
      `ADDED b@${rv(b)}`,
    ])
  })

  test('a version that is forgotten is a 410', async (context) => {
    const corner = await stage.corner()
    const from = await corner.create('a')
    await corner.change('a', 2)
    await corner.change('a', 3)
    await corner.compact()
    const other = await second(corner)
    context.after(() => other[Symbol.asyncDispose]())
    const path = `${corner.path()}?watch=true&resourceVersion=${rv(from)}`
    const { code, object } = await other.request('GET', path)
    assert.equal(code, 410)
    assert.equal(object.reason, 'Expired')
    assert.match(object.message, /too old resource version/)
  })

  test('a list by watch ends with a bookmark that says so', async () => {
    const corner = await stage.corner()
    await corner.create('a')
    const query =
      'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
    for (const version of [
      '',
      '&resourceVersion=0',
      `&resourceVersion=${await corner.revision()}`,
    ]) {
      const watch = await corner.watch(`${query}${version}`)
      const bookmark = watch.events.at(-1)
      assert.equal(bookmark?.type, 'BOOKMARK')
      assert.equal(bookmark.object.metadata.annotations?.['k8s.io/initial-events-end'], 'true')
      assert.equal(bookmark.object.kind, kind.face.kind)
      assert.ok(revisionOf(bookmark.object) >= (await corner.revision()))
      assert.ok(watch.events.slice(0, -1).every(({ type }) => type === 'ADDED'))
      assert.ok(corner.seen(watch.events).some((event) => event.startsWith('ADDED a@')))
      watch.close()
    }
    const none = await corner.watch(
      'sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion=0',
    )
    const b = await corner.create('b')
    assert.deepEqual(corner.seen(await none.next(1)), [`ADDED b@${rv(b)}`])
    none.close()
  })

  test('bookmarks tell those who want them how far the stream has come', async () => {
    const corner = await stage.corner()
    const marked = await corner.watch(
      `allowWatchBookmarks=true&resourceVersion=${await corner.revision()}`,
    )
    const without = await corner.watch(`resourceVersion=${await corner.revision()}`)
    corner.server.clock.advance(60_000)
    const [bookmark] = await marked.next(1)
    assert.equal(bookmark?.type, 'BOOKMARK')
    assert.equal(revisionOf(bookmark.object), await corner.revision())
    const a = await corner.create('a')
    assert.deepEqual(corner.seen(await without.next(1)), [`ADDED a@${rv(a)}`])
    marked.close()
    without.close()
  })

  test('objects enter and leave a selector as if created and deleted', async () => {
    const corner = await stage.corner()
    const label = (value: string) => ({ metadata: { labels: { in: value } } })
    await corner.create('a', { labels: { in: 'no' } })
    const watch = await corner.watch(
      `labelSelector=in%3Dyes&resourceVersion=${await corner.revision()}`,
    )
    const entered = await corner.merge('a', label('yes'))
    const changed = await corner.change('a', 6)
    const left = await corner.merge('a', label('no'))
    const again = await corner.merge('a', label('yes'))
    const events = await watch.next(4)
    assert.deepEqual(corner.seen(events), [
      `ADDED a@${rv(entered)}`,
      `MODIFIED a@${rv(changed)}`,
      `DELETED a@${rv(left)}`,
      `ADDED a@${rv(again)}`,
    ])
    // The last state that was selected, not the one that no longer is.
    assert.equal(events[2]?.object.metadata.labels?.['in'], 'yes')
    assert.equal(kind.read(events[2].object), kind.read(changed))
    watch.close()
  })

  test('one object is watched by its name', async () => {
    const corner = await stage.corner()
    await corner.create('a')
    await corner.create('b')
    const from = await corner.revision()
    const watch = await corner.watch(
      `fieldSelector=metadata.name%3D${corner.name('a')}&resourceVersion=${from}`,
    )
    await corner.change('b', 2)
    const changed = await corner.change('a', 2)
    assert.deepEqual(corner.seen(await watch.next(1)), [`MODIFIED a@${rv(changed)}`])
    watch.close()
  })

  test('a watch lasts as long as it was asked to', async () => {
    const corner = await stage.corner()
    const watch = await corner.watch('timeoutSeconds=5')
    corner.server.clock.advance(4_999)
    assert.equal(watch.ended, false)
    corner.server.clock.advance(1)
    await watch.end
    const forever = await corner.watch()
    corner.server.clock.advance(60 * 60_000)
    await forever.end
  })

  test('watchers that ask for the same get the same, in the form they want', async () => {
    const corner = await stage.corner()
    const from = `resourceVersion=${await corner.revision()}`
    const path = `${corner.path()}?${from}`
    const one = await corner.watch(from)
    const two = await corner.watch(from)
    const partial = await corner.server.watch(path, {
      accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
    })
    const table = await corner.server.watch(path, {
      accept: 'application/json;as=Table;g=meta.k8s.io;v=v1',
    })
    await corner.create('a')
    const changed = await corner.change('a', 5)
    assert.deepEqual(await one.next(2), await two.next(2))
    const [, event] = await partial.next(2)
    assert.equal(event?.type, 'MODIFIED')
    assert.equal(event.object.kind, 'PartialObjectMetadata')
    assert.deepEqual(event.object.metadata, changed.metadata)
    const [, row] = await table.next(2)
    assert.equal(row?.object.kind, 'Table')
    assert.equal(row.object.rows[0]?.cells.length, kind.resource.columns.length)
    for (const watch of [one, two, partial, table]) watch.close()
  })

  test('writes that change nothing make no event', async () => {
    const corner = await stage.corner()
    const created = await corner.create('a')
    const watch = await corner.watch(`resourceVersion=${rv(created)}`)
    await corner.put(created)
    await corner.merge('a', {})
    await corner.ok('PATCH', corner.path('a', '?dryRun=All'), {
      body: kind.change(9),
      contentType: mergeType,
    })
    const b = await corner.create('b')
    assert.deepEqual(corner.seen(await watch.next(1)), [`ADDED b@${rv(b)}`])
    watch.close()
  })
}
