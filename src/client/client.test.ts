import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigMap, Namespace, Pod } from '#api'
import { realClock, type Clock } from '#base'
import { errors, hasReason, StatusError } from '#machinery'
import { Client } from './client.ts'
import type { Call, Transport, WatchReceiver } from './transport.ts'

function fake(answer: (call: Call) => unknown): { client: Client; calls: Call[] } {
  const calls: Call[] = []
  const transport: Transport = {
    send: async (call) => {
      calls.push(call)
      return answer(call)
    },
    watch: () => ({ close() {} }),
    [Symbol.asyncDispose]: async () => {},
  }
  return { client: new Client(transport, realClock), calls }
}

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const value of values) all.push(value)
  return all
}

describe('paths', () => {
  const { client, calls } = fake(() => ({}))
  const last = () => {
    const { method, path, query } = calls.at(-1) ?? {}
    const text = new URLSearchParams(query).toString()
    return `${method} ${path}${text === '' ? '' : `?${text}`}`
  }

  it('are those of the API', async () => {
    const pods = client.resource(Pod).namespace('team a')
    await pods.get('web')
    assert.equal(last(), 'GET /api/v1/namespaces/team%20a/pods/web')
    await client.resource(Pod).list({ labelSelector: 'a=b', limit: 3 })
    assert.equal(last(), 'GET /api/v1/pods?labelSelector=a%3Db&limit=3')
    await client.resource(Namespace).create({ metadata: { name: 'x' } }, { dryRun: true })
    assert.equal(last(), 'POST /api/v1/namespaces?dryRun=All')
    await pods.subresource('eviction').create('web', {})
    assert.equal(last(), 'POST /api/v1/namespaces/team%20a/pods/web/eviction')
    await pods.patch('web', { type: 'apply', object: {} }, { fieldManager: 'me', force: true })
    assert.equal(last(), 'PATCH /api/v1/namespaces/team%20a/pods/web?fieldManager=me&force=true')
    assert.equal(calls.at(-1)?.contentType, 'application/apply-patch+yaml')
    await pods.delete('web', { preconditions: { uid: 'u' } })
    assert.equal(last(), 'DELETE /api/v1/namespaces/team%20a/pods/web')
  })

  it('take the namespace from the object where the client has none', async () => {
    const maps = client.resource(ConfigMap)
    await maps.updateStatus({ metadata: { name: 'a', namespace: 'b' } })
    assert.equal(last(), 'PUT /api/v1/namespaces/b/configmaps/a/status')
    assert.deepEqual(calls.at(-1)?.body, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a', namespace: 'b' },
    })
  })

  it('need a name, a version that is there and a kind that has namespaces', () => {
    assert.throws(() => client.resource(Pod).get(''), /may not be empty/)
    assert.throws(() => client.resource(Namespace).namespace('x'), /have no namespace/)
    assert.throws(() => client.resource(Pod, { group: '', version: 'v2' }), /no version v2/)
  })
})

describe('paging', () => {
  it('follows continue tokens to the end', async () => {
    const { client, calls } = fake(({ query }) =>
      query?.['continue'] === undefined
        ? { metadata: { continue: 'more' }, items: [1, 2] }
        : { metadata: {}, items: [3] },
    )
    const items = await collect(client.resource(Pod).items({ resourceVersion: '0' }))
    assert.deepEqual(items, [1, 2, 3])
    assert.deepEqual(calls[0]?.query, { limit: '500', resourceVersion: '0' })
    assert.deepEqual(calls[1]?.query, { limit: '500', continue: 'more' })
  })
})

describe('a call that is put off', () => {
  it('is made again after the time the server named, a bounded number of times', async () => {
    const slept: number[] = []
    const clock: Clock = { ...realClock, sleep: async (ms) => void slept.push(ms) }
    let refusals = 2
    const transport: Transport = {
      send: async () => {
        if (refusals-- > 0) throw errors.tooManyRequests('busy', 3)
        return 'done'
      },
      watch: () => ({ close() {} }),
      [Symbol.asyncDispose]: async () => {},
    }
    const client = new Client(transport, clock)
    assert.equal(await client.document('/'), 'done')
    assert.deepEqual(slept, [3000, 3000])
    refusals = 1000
    await assert.rejects(client.document('/'), (error) => hasReason(error, 'TooManyRequests'))
    assert.equal(slept.length, 12)
  })
})

describe('a watch', () => {
  function start(): { client: Client; receiver: () => WatchReceiver; closed: () => number } {
    let receiver: WatchReceiver | undefined
    let closed = 0
    const transport: Transport = {
      send: () => Promise.reject(new Error('unasked')),
      watch: (_call, given) => {
        receiver = given
        return { close: () => void closed++ }
      },
      [Symbol.asyncDispose]: async () => {},
    }
    return {
      client: new Client(transport, realClock),
      receiver: () => receiver ?? assert.fail('no watch'),
      closed: () => closed,
    }
  }
  const added = (name: string) =>
    ({ type: 'ADDED', object: { apiVersion: 'v1', kind: 'Pod', metadata: { name } } }) as never

  it('gives events in order, before and after they are asked for', async () => {
    const { client, receiver } = start()
    const watch = client.resource(Pod).watch()
    receiver().event(added('a'))
    assert.equal((await watch.next()).value?.object.metadata.name, 'a')
    const next = watch.next()
    receiver().event(added('b'))
    receiver().event(added('c'))
    receiver().end()
    assert.equal((await next).value?.object.metadata.name, 'b')
    const rest = await collect(watch)
    assert.deepEqual(
      rest.map(({ object }) => object.metadata.name),
      ['c'],
    )
  })

  it('throws what ended it, after what came before', async () => {
    const { client, receiver } = start()
    const watch = client.resource(Pod).watch()
    receiver().event(added('a'))
    receiver().end(errors.resourceExpired('too old'))
    await watch.next()
    await assert.rejects(watch.next(), StatusError)
    assert.equal((await watch.next()).done, true)
  })

  it('is closed by leaving the loop', async () => {
    const { client, receiver, closed } = start()
    const watch = client.resource(Pod).watch()
    receiver().event(added('a'))
    receiver().event(added('b'))
    for await (const event of watch) {
      assert.equal(event.object.metadata.name, 'a')
      break
    }
    assert.equal(closed(), 1)
    assert.equal((await watch.next()).done, true)
  })

  it('has a bounded buffer', async () => {
    const { client, receiver, closed } = start()
    const watch = client.resource(Pod).watch()
    for (let i = 0; i < 20_000; i++) receiver().event(added('a'))
    assert.equal(closed(), 1)
    let seen = 0
    await assert.rejects(
      async () => {
        for await (const _ of watch) seen++
      },
      { reason: 'Overflow' },
    )
    assert.equal(seen, 10_000)
  })
})
