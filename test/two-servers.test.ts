import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { realClock, realRandom, silentLog } from '#base'
import { openStore, type Store } from '#store'
import { startEtcd } from '../src/store/testing/etcd-process.ts'
import { testServer, type Answered, type TestServer } from '../src/apiserver/testing/server.ts'

const core = '/api/v1/namespaces/default'
const services = { clock: realClock, random: realRandom, log: silentLog }

/** Two API servers, each with a store of its own on the same data, or both on one store. */
interface Pair extends AsyncDisposable {
  readonly one: TestServer
  readonly two: TestServer
}

async function pairOn(stores: readonly [Store, Store]): Promise<Pair> {
  // Both at once: what every cluster has is made twice, and there once.
  const [one, two] = await Promise.all(stores.map((store) => testServer({ ...services, store })))
  assert.ok(one !== undefined && two !== undefined)
  return {
    one,
    two,
    async [Symbol.asyncDispose]() {
      await one[Symbol.asyncDispose]()
      await two[Symbol.asyncDispose]()
      for (const store of new Set(stores)) await store[Symbol.asyncDispose]()
    },
  }
}

describe('two API servers on one memory store', () => {
  tests(async () => {
    const store = await openStore({ type: 'memory', ...services })
    return pairOn([store, store])
  })
})

describe('two API servers on one etcd', () => {
  tests(async () => {
    const etcd = await startEtcd()
    const open = () => openStore({ type: 'etcd', endpoints: [etcd.endpoint], ...services })
    const pair = await pairOn([await open(), await open()])
    return {
      ...pair,
      async [Symbol.asyncDispose]() {
        await pair[Symbol.asyncDispose]()
        await etcd.stop()
      },
    }
  })
})

function tests(start: () => Promise<Pair>): void {
  test('each sees at once what the other was told is done', async () => {
    await using pair = await start()
    const { one, two } = pair
    const watch = await two.watch(`${core}/configmaps?resourceVersion=${await revision(two)}`)
    for (let round = 0; round < 20; round++) {
      const [here, there] = round % 2 === 0 ? [one, two] : [two, one]
      const name = `map-${round}`
      const created = await ok(here, 'POST', `${core}/configmaps`, { metadata: { name } })
      assert.deepEqual(await ok(there, 'GET', `${core}/configmaps/${name}`), created)
      const list = await ok(there, 'GET', `${core}/configmaps`)
      assert.ok(list.items.some(({ metadata }) => metadata.name === name))
      const changed = await ok(there, 'PUT', `${core}/configmaps/${name}`, {
        ...created,
        data: { round: String(round) },
      })
      assert.deepEqual(await ok(here, 'GET', `${core}/configmaps/${name}`), changed)
      // The first server's copy is no longer the newest, and it knows.
      const stale = await here.request('PUT', `${core}/configmaps/${name}`, { body: created })
      assert.equal(stale.code, 409, stale.text)
      await ok(here, 'DELETE', `${core}/configmaps/${name}`)
      assert.equal((await there.request('GET', `${core}/configmaps/${name}`)).code, 404)
      const events = (await watch.next(3)).map(({ type }) => type)
      assert.deepEqual(events, ['ADDED', 'MODIFIED', 'DELETED'])
    }
    watch.close()
  })

  test('patches through both lose nothing', async () => {
    await using pair = await start()
    const servers = [pair.one, pair.two]
    await ok(pair.one, 'POST', `${core}/configmaps`, { metadata: { name: 'shared' } })
    await Promise.all(
      servers.flatMap((server, at) =>
        Array.from({ length: 6 }, async (_, writer) => {
          for (let round = 0; round < 5; round++) {
            const body = { data: { [`s${at}w${writer}`]: String(round) } }
            const contentType = 'application/merge-patch+json'
            const path = `${core}/configmaps/shared`
            const { code, text } = await server.request('PATCH', path, { body, contentType })
            assert.equal(code, 200, text)
          }
        }),
      ),
    )
    for (const server of servers) {
      const { data } = await ok(server, 'GET', `${core}/configmaps/shared`)
      assert.deepEqual(new Set(Object.values(Object(data))), new Set(['4']))
      assert.equal(Object.keys(Object(data)).length, 12)
    }
  })

  test('no address and no node port is given out twice', async () => {
    await using pair = await start()
    const servers = [pair.one, pair.two]
    const create = (server: TestServer, name: string) =>
      ok(server, 'POST', `${core}/services`, {
        metadata: { name },
        spec: { type: 'NodePort', ports: [{ port: 80 }] },
      })
    const made = await Promise.all(
      Array.from({ length: 60 }, (_, at) => create(servers[at % 2] ?? pair.one, `service-${at}`)),
    )
    const addresses = made.map(({ spec }) => String(Object(spec).clusterIP))
    const ports = made.map(({ spec }) => Number(Object(spec).ports[0].nodePort))
    assert.equal(new Set(addresses).size, made.length)
    assert.equal(new Set(ports).size, made.length)
    const { items } = await ok(pair.two, 'GET', '/apis/networking.k8s.io/v1/ipaddresses')
    const held = new Set(items.map(({ metadata }) => metadata.name))
    assert.ok(addresses.every((address) => held.has(address)))
    // One that is given back may be had again, of the other server, too.
    await ok(pair.one, 'DELETE', `${core}/services/service-0`)
    const again = await ok(pair.two, 'POST', `${core}/services`, {
      metadata: { name: 'again' },
      spec: {
        type: 'NodePort',
        clusterIP: addresses[0] ?? '',
        ports: [{ port: 80, nodePort: ports[0] ?? 0 }],
      },
    })
    assert.equal(Object(again['spec']).clusterIP, addresses[0])
  })

  test('one goes and the other works on', async () => {
    await using pair = await start()
    const { one, two } = pair
    const lost = await one.watch(`${core}/configmaps`)
    const kept = await two.watch(`${core}/configmaps?resourceVersion=${await revision(two)}`)
    const writing = Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        ok(two, 'POST', `${core}/configmaps`, { metadata: { name: `during-${at}` } }),
      ),
    )
    await one.server.shutdown()
    await lost.end
    await writing
    await ok(two, 'POST', `${core}/configmaps`, { metadata: { name: 'after' } })
    const events = await kept.next(21)
    assert.equal(events.at(-1)?.object.metadata.name, 'after')
    kept.close()
  })
}

async function ok(
  server: TestServer,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answered> {
  const { code, object, text } = await server.request(method, path, { body })
  assert.ok(code < 300, `${method} ${path}: ${text}`)
  return object
}

async function revision(server: TestServer): Promise<string> {
  const { metadata } = await ok(server, 'GET', `${core}/configmaps?limit=1`)
  return metadata.resourceVersion ?? ''
}
