import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Pod } from '#api'
import { realClock } from '#base'
import { errors, type KubeObject } from '#machinery'
import { Client } from './client.ts'
import {
  inProcessTransport,
  type InProcessAnswer,
  type InProcessHandler,
  type InProcessRequest,
} from './in-process.ts'

const user = { name: 'system:admin', uid: '', groups: ['system:masters'], extra: {} }
const pod = (name: string) =>
  Object.freeze({ apiVersion: 'v1', kind: 'Pod', metadata: { name } }) as unknown as KubeObject

function open(answer: (request: InProcessRequest) => InProcessAnswer): Client {
  const handler: InProcessHandler = { answer: async (request) => answer(request) }
  return new Client(inProcessTransport(handler, { user, userAgent: 'test/1' }), realClock)
}

describe('in process', () => {
  it('hands over the body as it is, as the given user', async () => {
    const body = { metadata: { name: 'a' } }
    let seen: InProcessRequest | undefined
    const client = open((request) => {
      seen = request
      return { type: 'object', served: { object: () => pod('a') } }
    })
    const transport = client.resource(Pod).namespace('x')
    await transport.subresource('status').update('a', body)
    assert.equal(seen?.body.value, body)
    assert.equal(seen?.peer.user, user)
    assert.equal(seen?.header('content-type'), 'application/json')
    assert.equal(seen?.header('user-agent'), 'test/1')
    assert.equal(seen?.method, 'PUT')
  })

  it('refuses bodies that JSON cannot carry', async () => {
    const client = open(() => assert.fail('nothing is sent'))
    const call = client.send({ method: 'POST', path: '/', body: { a: () => 1 } })
    await assert.rejects(call, TypeError)
  })

  it('hands out the very objects, one or in lists', async () => {
    const object = pod('a')
    const client = open((request) =>
      request.path.endsWith('/a')
        ? { type: 'object', served: { object: () => object } }
        : {
            type: 'list',
            apiVersion: 'v1',
            kind: 'PodList',
            resourceVersion: '7',
            continue: '',
            remainingItemCount: undefined,
            items: [{ object: () => object }],
          },
    )
    assert.equal(await client.resource(Pod).get('a'), object)
    const list = await client.resource(Pod).list()
    assert.deepEqual(list, {
      apiVersion: 'v1',
      kind: 'PodList',
      metadata: { resourceVersion: '7' },
      items: [object],
    })
    assert.ok(Object.isFrozen(list.items) && list.items[0] === object)
  })

  it('throws refusals and reads documents', async () => {
    const client = open((request) =>
      request.path === '/version'
        ? {
            type: 'document',
            code: 200,
            contentType: 'application/json',
            bytes: Buffer.from('{"major":"1"}'),
          }
        : {
            type: 'status',
            code: 404,
            status: errors.notFound({ group: '', resource: 'pods' }, 'a').status,
          },
    )
    assert.deepEqual(await client.document('/version'), { major: '1' })
    await assert.rejects(client.resource(Pod).get('a'), { code: 404 })
  })

  it('watches until either side ends it', async () => {
    let closed = 0
    const client = open(() => ({
      type: 'watch',
      open(sink) {
        queueMicrotask(() => {
          sink.events([{ type: 'ADDED', served: { object: () => pod('a') } }])
          sink.end(errors.resourceExpired('too old').status)
        })
        return { close: () => void closed++ }
      },
    }))
    const watch = client.resource(Pod).watch()
    assert.equal((await watch.next()).value?.object.metadata.name, 'a')
    await assert.rejects(watch.next(), { code: 410 })
    assert.equal(closed, 1)
    const refused = open(() => ({
      type: 'status',
      code: 403,
      status: errors.forbidden({ group: '', resource: 'pods' }, '', 'no').status,
    }))
    await assert.rejects(refused.resource(Pod).watch().next(), { code: 403 })
  })

  it('gives up what is under way when it is closed', async () => {
    const handler: InProcessHandler = { answer: () => new Promise(() => {}) }
    const client = new Client(inProcessTransport(handler, { user, userAgent: 'test' }), realClock)
    const call = client.resource(Pod).list()
    const watch = client.resource(Pod).watch().next()
    await client[Symbol.asyncDispose]()
    await assert.rejects(call, { reason: 'Closed' })
    await assert.rejects(watch, { reason: 'Closed' })
    await assert.rejects(client.resource(Pod).list(), { reason: 'Closed' })
  })
})
