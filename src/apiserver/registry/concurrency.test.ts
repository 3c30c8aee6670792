import assert from 'node:assert/strict'
import { test } from 'node:test'
import { realClock, seededRandom, type Random } from '#base'
import type { Store } from '#store'
import { apiRequest, testServer, type Answered, type TestServer } from '../testing/server.ts'

const collection = '/api/v1/namespaces/default/configmaps'
const path = `${collection}/shared`
const mergeType = 'application/merge-patch+json'
const writers = 12
const rounds = 25

test('every acknowledged write is there, and history says so in order', async () => {
  for (const seed of [1, 2, 3]) await patchTogether(seed)
})

/**
 * Several writers at once, each with keys of its own and by every type of patch. What they were
 * told must be what the object shows at the end, and what watchers were told what the store knows.
 */
async function patchTogether(seed: number): Promise<void> {
  await using server = await testServer({ random: seededRandom(seed) })
  const created = await server.request('POST', collection, {
    body: { metadata: { name: 'shared' }, data: { total: '0' } },
  })
  const watch = await server.watch(`${collection}?resourceVersion=${version(created.object)}`)
  const expected = new Map<string, string>([['total', '0']])
  const versions = [Number(version(created.object))]
  const write = async (writer: number) => {
    const random = seededRandom(seed * 1_000 + writer)
    for (let round = 0; round < rounds; round++) {
      const key = `w${writer}`
      const value = String(round)
      const { code, object, text } = await patchBy(server, random, key, value)
      assert.equal(code, 200, text)
      assert.equal(dataOf(object)[key], value)
      expected.set(key, value)
      versions.push(Number(version(object)))
      if (random.integer(3) === 0) await realClock.yield()
    }
  }
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)))

  const { object: last } = await server.request('GET', path)
  assert.deepEqual(dataOf(last), Object.fromEntries(expected))
  // Each acknowledged write has a version of its own, and the watch has seen all of them.
  assert.equal(new Set(versions).size, versions.length)
  const seen = watch.events.map(({ object }) => Number(version(object)))
  assert.deepEqual(seen, versions.slice(1).sort(ascending))
  assert.deepEqual(watch.events.at(-1)?.object, last)
  assert.deepEqual(
    watch.events.map(({ object }) => object),
    await storedHistory(server.store, versions[0] ?? 0),
  )
  watch.close()
}

/** The types of patch that can add one key, by turns; a merge now and then reads before it writes. */
async function patchBy(server: TestServer, random: Random, key: string, value: string) {
  const send = (body: unknown, contentType: string, query = '') =>
    server.request('PATCH', `${path}${query}`, { body, contentType })
  switch (random.integer(4)) {
    case 0:
      return send({ data: { [key]: value } }, 'application/strategic-merge-patch+json')
    case 1:
      return send([{ op: 'add', path: `/data/${key}`, value }], 'application/json-patch+json')
    case 2: {
      const body = { apiVersion: 'v1', kind: 'ConfigMap', data: { [key]: value } }
      const query = `?fieldManager=${key}&force=true`
      return send(body, 'application/apply-patch+yaml', query)
    }
    default:
      return send({ data: { [key]: value } }, mergeType)
  }
}

test('who updates from what it read loses no update to another', async () => {
  await using server = await testServer()
  await server.request('POST', collection, {
    body: { metadata: { name: 'shared' }, data: { total: '0' } },
  })
  let conflicts = 0
  const increment = async () => {
    for (;;) {
      const { object } = await server.request('GET', path)
      await realClock.yield()
      const data = { total: String(Number(dataOf(object)['total']) + 1) }
      const { code, text } = await server.request('PUT', path, { body: { ...object, data } })
      if (code === 200) return
      assert.equal(code, 409, text)
      conflicts++
    }
  }
  const writer = async () => {
    for (let round = 0; round < 10; round++) await increment()
  }
  await Promise.all(Array.from({ length: 8 }, writer))
  const { object } = await server.request('GET', path)
  assert.equal(dataOf(object)['total'], '80')
  assert.ok(conflicts > 0, 'they met')
})

test('of those who create or delete one name at once, one does', async () => {
  await using server = await testServer()
  const body = { metadata: { name: 'shared' } }
  const creates = Array.from({ length: 10 }, () => server.request('POST', collection, { body }))
  const created = (await Promise.all(creates)).map(({ code }) => code).sort(ascending)
  assert.deepEqual(created, [201, ...Array<number>(9).fill(409)])
  const deletes = Array.from({ length: 10 }, () => server.request('DELETE', path))
  const deleted = (await Promise.all(deletes)).map(({ code }) => code).sort(ascending)
  assert.deepEqual(deleted, [200, ...Array<number>(9).fill(404)])
})

test('lists that are sent at once, while objects change, stay whole and as they were', async () => {
  await using server = await testServer()
  const data = { text: 'x'.repeat(2_000) }
  const names = Array.from({ length: 120 }, (_, at) => `map-${String(at).padStart(3, '0')}`)
  const send = (method: string, target: string, body?: unknown, contentType?: string) =>
    server.request(method, target, { body, ...(contentType === undefined ? {} : { contentType }) })
  await Promise.all(names.map((name) => send('POST', collection, { metadata: { name }, data })))
  const { text: whole } = await send('GET', collection)
  const lists = await Promise.all(
    [1, 2].map(async () => {
      const { body } = await server.server.serve(apiRequest('GET', collection, {}))
      assert.ok(body.type === 'chunks')
      return { chunks: body.chunks[Symbol.iterator](), parts: new Array<Buffer>() }
    }),
  )
  let pieces = 0
  for (let open = lists; open.length > 0; pieces++) {
    open = open.filter(({ chunks, parts }) => {
      const next = chunks.next()
      if (next.done !== true) parts.push(Buffer.from(next.value))
      return next.done !== true
    })
    const name = names[pieces * 7] ?? ''
    await send('DELETE', `${collection}/map-119`)
    await send('PATCH', `${collection}/${name}`, { data: { text: 'changed' } }, mergeType)
  }
  assert.ok(pieces > 2, 'the lists came in pieces')
  for (const { parts } of lists) assert.equal(Buffer.concat(parts).toString(), whole)
})

/** The states of the collection that the store's own history tells. */
function storedHistory(store: Store, after: number): Promise<unknown[]> {
  const states: unknown[] = []
  const { promise, resolve, reject } = Promise.withResolvers<unknown[]>()
  const range = { start: '/registry/configmaps/default/', end: '/registry/configmaps/default0' }
  const handle = store.watch({
    after,
    range,
    onEvents({ revision, events }) {
      for (const event of events) {
        if (event.type !== 'put') continue
        const object = JSON.parse(Buffer.from(event.record.value).toString())
        object.metadata.resourceVersion = String(revision)
        states.push(object)
      }
    },
    onCaughtUp() {
      handle.close()
      resolve(states)
    },
    onEnd: ({ reason }) => reject(new Error(reason)),
  })
  return promise
}

function dataOf(object: Answered): Readonly<Record<string, string>> {
  return Object(object['data'])
}

function version({ metadata }: Answered): string {
  return metadata.resourceVersion ?? ''
}

function ascending(a: number, b: number): number {
  return a - b
}
