import assert from 'node:assert/strict'
import { test } from 'node:test'
import { realRandom, VirtualClock } from '#base'
import { Client, ConnectionError, type Call } from '#client'
import { generateKeyPair, issueCertificate, selfSignAuthority, type Credential } from '#pki'
import { Authenticator, type User } from './authentication.ts'
import { Authorizer } from './authorization.ts'
import { ExpiringCache } from './expiring-cache.ts'
import { limits } from './limits.ts'

const minuteMs = 60_000

/** A client of an API server that answers so; it counts. */
function clientThat(clock: VirtualClock, answer: (call: Call) => unknown) {
  const asked: unknown[] = []
  const transport = {
    async send(call: Call) {
      asked.push(call.body)
      return answer(call)
    },
    watch() {
      throw new Error('nobody watches here')
    },
    async [Symbol.asyncDispose]() {},
  }
  return { client: new Client(transport, clock), asked }
}

function authority(clock: VirtualClock, name: string): Credential {
  const key = generateKeyPair('ecdsa-p256', realRandom)
  const validity = { notBeforeMs: clock.now() - minuteMs, notAfterMs: clock.now() + 60 * minuteMs }
  const subject = { commonName: name, organizations: [] }
  return { certificate: selfSignAuthority({ subject, ...validity }, key, realRandom), key }
}

function clientCertificate(
  clock: VirtualClock,
  ca: Credential,
  usage: 'client auth' | 'server auth' = 'client auth',
): Uint8Array {
  return issueCertificate(
    {
      subject: { commonName: 'jane', organizations: ['ops'] },
      publicKey: generateKeyPair('ecdsa-p256', realRandom).publicKey,
      usages: [usage],
      notBeforeMs: clock.now() - minuteMs,
      notAfterMs: clock.now() + 30 * minuteMs,
    },
    ca,
    realRandom,
  ).der
}

test('certificates of the CA say who somebody is, for as long as they are good', async () => {
  const clock = new VirtualClock()
  const ca = authority(clock, 'ca')
  const { client, asked } = clientThat(clock, () => assert.fail('nothing is to be asked'))
  const authenticator = new Authenticator(client, clock, ca.certificate.pem)
  const who = (certificate: Uint8Array | undefined) =>
    authenticator.authenticate({ certificate, authorization: undefined })
  const good = clientCertificate(clock, ca)
  assert.deepEqual(await who(good), {
    name: 'jane',
    uid: '',
    groups: ['ops', 'system:authenticated'],
    extra: {},
  })
  assert.equal(await who(undefined), undefined)
  assert.equal(await who(clientCertificate(clock, authority(clock, 'ca'))), undefined)
  assert.equal(await who(clientCertificate(clock, ca, 'server auth')), undefined)
  assert.equal(await who(Buffer.from('no certificate')), undefined)
  await clock.advance(31 * minuteMs)
  assert.equal(await who(good), undefined, 'it has expired, though it was known')
  const nobody = new Authenticator(client, clock, '')
  assert.equal(await nobody.authenticate({ certificate: good, authorization: '' }), undefined)
  assert.deepEqual(asked, [])
})

test('the API server is asked about tokens, and again after some time', async () => {
  const clock = new VirtualClock()
  let reachable = true
  const { client, asked } = clientThat(clock, ({ body }) => {
    if (!reachable) throw new ConnectionError('Unreachable', 'no way')
    const { token } = (body as { spec: { token: string } }).spec
    const user = { username: 'robot', uid: '7', groups: ['robots'], extra: { k: ['v'] } }
    return { status: token === 'good' ? { authenticated: true, user } : {} }
  })
  const authenticator = new Authenticator(client, clock, '')
  const who = (authorization: string) =>
    authenticator.authenticate({ certificate: undefined, authorization })
  const robot = { name: 'robot', uid: '7', groups: ['robots'], extra: { k: ['v'] } }
  const [one, other] = await Promise.all([who('Bearer good'), who('bearer  good')])
  assert.deepEqual([one, other], [robot, robot])
  assert.equal(asked.length, 1, 'both waited for one answer')
  assert.equal(await who('Bearer bad'), undefined)
  assert.equal(await who('Bearer bad'), undefined)
  assert.equal(asked.length, 2)
  for (const header of ['', 'Bearer', 'Basic good', 'Bearer a b']) {
    assert.equal(await who(header), undefined)
  }
  assert.equal(asked.length, 2)
  reachable = false
  assert.deepEqual(await who('Bearer good'), robot)
  await clock.advance(limits.tokenMs)
  await assert.rejects(who('Bearer good'), { reason: 'Unreachable' })
  reachable = true
  assert.deepEqual(await who('Bearer good'), robot, 'a failure is not remembered')
})

test('a token about which nothing is heard is not waited for without end', async () => {
  const clock = new VirtualClock()
  const { client } = clientThat(clock, () => new Promise(() => {}))
  const authenticator = new Authenticator(client, clock, '')
  const asked = authenticator.authenticate({ certificate: undefined, authorization: 'Bearer x' })
  const refused = assert.rejects(asked, { name: 'TimeoutError' })
  await clock.advance(limits.reviewMs)
  await refused
})

test('what is allowed is remembered longer than what is not', async () => {
  const clock = new VirtualClock()
  const { client, asked } = clientThat(clock, ({ body }) => {
    const { spec } = body as { spec: { resourceAttributes: { subresource: string } } }
    return { status: { allowed: spec.resourceAttributes.subresource === 'metrics' } }
  })
  const authorizer = new Authorizer(client, clock, 'node-1')
  const jane: User = { name: 'jane', uid: '', groups: ['ops'], extra: {} }
  const may = (subresource: string, user = jane) =>
    authorizer.allows(user, { verb: 'get', subresource })
  assert.equal(await may('metrics'), true)
  assert.equal(await may('proxy'), false)
  assert.deepEqual(asked[0], {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    metadata: {},
    spec: {
      user: 'jane',
      uid: '',
      groups: ['ops'],
      extra: {},
      resourceAttributes: {
        verb: 'get',
        version: 'v1',
        resource: 'nodes',
        subresource: 'metrics',
        name: 'node-1',
      },
    },
  })
  await may('metrics')
  await may('proxy')
  assert.equal(asked.length, 2)
  await clock.advance(limits.deniedMs)
  await may('metrics')
  await may('proxy')
  assert.equal(asked.length, 3)
  await may('metrics', { ...jane, groups: [] })
  assert.equal(asked.length, 4, 'another set of groups is another user')
})

test('of too many answers the oldest go', async () => {
  const clock = new VirtualClock()
  const cache = new ExpiringCache<string>(clock, 2)
  const loaded: string[] = []
  const get = (key: string) =>
    cache.get(
      key,
      async () => {
        loaded.push(key)
        return key
      },
      () => minuteMs,
    )
  for (const key of ['a', 'b', 'a', 'c', 'b', 'a']) assert.equal(await get(key), key)
  assert.deepEqual(loaded, ['a', 'b', 'c', 'a'])
})
