import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatGroupVersion, listKind } from '#machinery'
import type { Answered } from '../server.ts'
import { revisionOf, rv, second, turn, type Corner, type SampleKind, type Stage } from './corner.ts'

/** GET and LIST. */
export function readingTests(kind: SampleKind, stage: Stage): void {
  test('what is created is there as it was answered', async () => {
    const corner = await stage.corner()
    const response = await corner.send('POST', corner.path(), { body: corner.body('a') })
    assert.equal(response.code, 201, response.text)
    const created = response.object
    assert.equal(created.kind, kind.face.kind)
    assert.equal(created.apiVersion, formatGroupVersion(kind.face))
    assert.match(created.metadata.uid ?? '', /^[0-9a-f-]{36}$/)
    assert.match(created.metadata.creationTimestamp ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    assert.equal(created.metadata.namespace ?? '', corner.namespace)
    assert.equal(revisionOf(created), await corner.revision())
    assert.deepEqual(await corner.get('a'), created)
    // Any version that has been reached is content with the newest.
    for (const version of ['0', '1', rv(created)]) {
      const got = await corner.ok('GET', corner.path('a', `?resourceVersion=${version}`))
      assert.deepEqual(got, created)
    }
  })

  test('what is not there is a 404 that names it', async () => {
    const corner = await stage.corner()
    const status = await corner.refused(404, 'GET', corner.path('missing'))
    assert.equal(status.reason, 'NotFound')
    assert.equal(status.details.name, corner.name('missing'))
    assert.equal(status.details.kind, kind.resource.name)
    await corner.refused(404, 'DELETE', corner.path('missing'))
  })

  test('lists are in the order of names, at one revision', async () => {
    const corner = await stage.corner()
    for (const name of ['c', 'a', 'b-b', 'b']) await corner.create(name)
    const list = await corner.ok('GET', corner.path())
    assert.equal(list.kind, listKind(kind.face))
    assert.equal(list.apiVersion, formatGroupVersion(kind.face))
    assert.deepEqual(corner.names(list), ['a', 'b', 'b-b', 'c'])
    assert.equal(revisionOf(list), await corner.revision())
    // Items of typed kinds say no type, custom ones do.
    const typed = kind.builtIn ? undefined : kind.face.kind
    for (const item of list.items) assert.equal(item.kind, typed)
    const [first] = list.items.filter((item) => item.metadata.name === corner.name('a'))
    assert.deepEqual(
      { ...first, kind: kind.face.kind, apiVersion: formatGroupVersion(kind.face) },
      await corner.get('a'),
    )
  })

  test('label selectors select', async () => {
    const corner = await stage.corner()
    await corner.create('a', { labels: { tier: 'one', color: 'red' } })
    await corner.create('b', { labels: { tier: 'two' } })
    await corner.create('c')
    const selects = async (selector: string, names: string[]) => {
      const path = corner.path(undefined, `?labelSelector=${encodeURIComponent(selector)}`)
      assert.deepEqual(corner.names(await corner.ok('GET', path)), names, selector)
    }
    await selects('tier=one', ['a'])
    await selects('tier==two', ['b'])
    await selects('tier!=one', ['b', 'c'])
    await selects('tier in (one,two)', ['a', 'b'])
    await selects('tier notin (one)', ['b', 'c'])
    await selects('color', ['a'])
    await selects('!color,tier', ['b'])
    const bad = corner.path(undefined, '?labelSelector=a%3D%3D%3Db')
    assert.equal((await corner.refused(400, 'GET', bad)).reason, 'BadRequest')
  })

  test('field selectors select by what may be selected', async () => {
    const corner = await stage.corner()
    await corner.create('a')
    await corner.create('b')
    const selected = async (selector: string) =>
      corner.names(
        await corner.ok(
          'GET',
          corner.path(undefined, `?fieldSelector=${encodeURIComponent(selector)}`),
        ),
      )
    assert.deepEqual(await selected(`metadata.name=${corner.name('b')}`), ['b'])
    assert.deepEqual(await selected(`metadata.name!=${corner.name('b')}`), ['a'])
    if (kind.selectable !== undefined) {
      const { path, value } = kind.selectable
      assert.deepEqual(await selected(`${path}=${value}`), ['a', 'b'])
      assert.deepEqual(await selected(`${path}!=${value}`), [])
    }
    const unknown = corner.path(undefined, '?fieldSelector=spec.colour%3Dred')
    assert.match((await corner.refused(400, 'GET', unknown)).message, /spec\.colour/)
  })

  test('pages together are the list, with exact counts of what remains', async () => {
    const corner = await stage.corner()
    for (const name of ['a', 'b', 'c', 'd', 'e']) await corner.create(name)
    const whole = await corner.ok('GET', corner.path())
    const pages = await pagesOf(corner, 2)
    assert.deepEqual(
      pages.flatMap((page) => page.items),
      whole.items,
    )
    let seen = 0
    for (const page of pages) {
      seen += page.items.length
      const left = whole.items.length - seen
      assert.equal(page.metadata.remainingItemCount, left === 0 ? undefined : left)
      assert.equal(rv(page), rv(whole))
    }
    // What a selector leaves is not counted.
    const selected = await corner.ok(
      'GET',
      corner.path(undefined, '?limit=1&labelSelector=!nothing'),
    )
    assert.equal(selected.metadata.remainingItemCount, undefined)
    assert.notEqual(selected.metadata.continue ?? '', '')
  })

  test('pages stay as the first one was, whatever is written between them', async () => {
    const corner = await stage.corner()
    for (const name of ['b', 'c', 'd', 'e']) await corner.create(name)
    const whole = await corner.ok('GET', corner.path())
    const pages: Answered[] = []
    let token = ''
    for (let round = 0; round === 0 || token !== ''; round++) {
      const page = await corner.ok('GET', corner.path(undefined, pageQuery(1, token)))
      pages.push(page)
      token = page.metadata.continue ?? ''
      await corner.create(`a${round}`)
      await corner.create(`d${round}`)
      if (round === 0) await corner.change('c', 7)
      if (round === 1) await corner.remove('e')
    }
    assert.deepEqual(
      pages.flatMap((page) => page.items),
      whole.items,
    )
    assert.ok(pages.every((page) => rv(page) === rv(whole)))
  })

  test('another server takes the pages from the history', async (context) => {
    const corner = await stage.corner()
    for (const name of ['a', 'b', 'c']) await corner.create(name)
    const first = await corner.ok('GET', corner.path(undefined, '?limit=1'))
    const whole = await corner.ok('GET', corner.path())
    await corner.change('b', 5)
    await corner.remove('c')
    const other = await second(corner)
    context.after(() => other[Symbol.asyncDispose]())
    const rest = corner.path(undefined, pageQuery(500, first.metadata.continue ?? ''))
    const { object } = await other.request('GET', rest)
    assert.deepEqual([...first.items, ...object.items], whole.items)
  })

  test('an expired token is a 410 with one that goes on at the present', async () => {
    const corner = await stage.corner()
    for (const name of ['a', 'b', 'c']) await corner.create(name)
    const path = corner.path(undefined, '?limit=1')
    const first = await corner.ok('GET', path)
    await corner.create('bb')
    corner.server.clock.advance(5 * 60_000 + 1)
    const token = first.metadata.continue ?? ''
    const status = await corner.refused(410, 'GET', corner.path(undefined, pageQuery(1, token)))
    assert.equal(status.reason, 'Expired')
    const inconsistent = status.metadata.continue ?? ''
    assert.notEqual(inconsistent, '')
    const rest = await corner.ok('GET', corner.path(undefined, pageQuery(0, inconsistent)))
    const from = corner.names(first).length
    assert.deepEqual(corner.names(rest), ['a', 'b', 'bb', 'c'].slice(from))
    assert.equal(revisionOf(rest), await corner.revision())
  })

  test('a token whose history is gone is a 410, too', async (context) => {
    const corner = await stage.corner()
    for (const name of ['a', 'b', 'c']) await corner.create(name)
    const first = await corner.ok('GET', corner.path(undefined, '?limit=1'))
    await corner.change('c', 5)
    await corner.compact()
    const rest = corner.path(undefined, pageQuery(1, first.metadata.continue ?? ''))
    // Who has served the first page still holds it.
    await corner.ok('GET', rest)
    const other = await second(corner)
    context.after(() => other[Symbol.asyncDispose]())
    const response = await other.request('GET', rest)
    assert.equal(response.code, 410, response.text)
    assert.notEqual(response.object.metadata.continue ?? '', '')
  })

  test('a version asks for the state at it, or for one not older', async () => {
    const corner = await stage.corner()
    await corner.create('a')
    const before = await corner.ok('GET', corner.path())
    await corner.change('a', 3)
    await corner.create('b')
    const after = await corner.ok('GET', corner.path())
    const at = (query: string) => corner.ok('GET', corner.path(undefined, `?${query}`))
    const exact = await at(`resourceVersion=${rv(before)}&resourceVersionMatch=Exact`)
    assert.deepEqual(exact, before)
    const now = await at(`resourceVersion=${rv(after)}&resourceVersionMatch=Exact`)
    assert.deepEqual(now, after)
    const { items } = after
    const newer = await at(`resourceVersion=${rv(before)}&resourceVersionMatch=NotOlderThan`)
    assert.deepEqual(newer.items, items)
    assert.deepEqual((await at('resourceVersion=0')).items, items)
    assert.deepEqual((await at(`resourceVersion=${rv(before)}`)).items, items)
    const named = `resourceVersion=${rv(before)}&resourceVersionMatch=Exact&limit=1`
    assert.deepEqual((await at(named)).items, before.items.slice(0, 1))
  })

  test('the state at a version that is forgotten is a 410', async () => {
    const corner = await stage.corner()
    const created = await corner.create('a')
    await corner.change('a', 3)
    await corner.compact()
    const query = `?resourceVersion=${rv(created)}&resourceVersionMatch=Exact`
    const status = await corner.refused(410, 'GET', corner.path(undefined, query))
    assert.equal(status.reason, 'Expired')
  })

  test('a version that has not been reached is waited for, then a 504', async () => {
    const corner = await stage.corner()
    await corner.create('a')
    const future = (await corner.revision()) + 1_000_000
    for (const path of [
      corner.path('a', `?resourceVersion=${future}`),
      corner.path(undefined, `?resourceVersion=${future}`),
      corner.path(undefined, `?resourceVersion=${future}&resourceVersionMatch=Exact`),
    ]) {
      const pending = corner.refused(504, 'GET', path)
      await turn(corner.server)
      corner.server.clock.advance(3_000)
      const status = await pending
      assert.equal(status.reason, 'Timeout')
      assert.equal(status.details.causes?.[0]?.reason, 'ResourceVersionTooLarge')
      assert.match(status.message, /Too large resource version: \d+, current: \d+/)
    }
    const next = (await corner.revision()) + 1
    const waiting = corner.ok('GET', corner.path('b', `?resourceVersion=${next}`))
    await corner.create('b')
    assert.equal((await waiting).metadata.name, corner.name('b'))
  })

  test('options that contradict each other are refused', async () => {
    const corner = await stage.corner()
    const list = (query: string) => corner.path(undefined, `?${query}`)
    for (const query of [
      'resourceVersionMatch=Exact',
      'resourceVersion=0&resourceVersionMatch=Exact',
      'resourceVersion=1&resourceVersionMatch=Sometimes',
      'sendInitialEvents=true',
      'watch=true&resourceVersion=1&resourceVersionMatch=Exact',
      'watch=true&sendInitialEvents=true',
    ]) {
      assert.equal((await corner.refused(422, 'GET', list(query))).reason, 'Invalid', query)
    }
    for (const query of [
      'resourceVersion=abc',
      'resourceVersion=-1',
      'limit=many',
      'continue=%%%',
      'continue=e30',
      `continue=${Buffer.from('{"v":"meta.k8s.io/v1","rv":1,"start":"../x"}').toString('base64url')}`,
    ]) {
      assert.equal((await corner.refused(400, 'GET', list(query))).reason, 'BadRequest', query)
    }
  })
}

function pageQuery(limit: number, token: string): string {
  return `?limit=${limit}${token === '' ? '' : `&continue=${encodeURIComponent(token)}`}`
}

async function pagesOf(corner: Corner, limit: number): Promise<Answered[]> {
  const pages: Answered[] = []
  let token = ''
  do {
    const page = await corner.ok('GET', corner.path(undefined, pageQuery(limit, token)))
    pages.push(page)
    token = page.metadata.continue ?? ''
  } while (token !== '')
  return pages
}
