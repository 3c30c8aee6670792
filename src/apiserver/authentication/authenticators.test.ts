import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { realClock, realRandom, type Clock } from '#base'
import { StatusError } from '#machinery'
import { memoryPki, type Certificate, type Subject } from '#pki'
import type { ApiRequest } from '../request.ts'
import { MemoryLookup } from '../testing/memory-lookup.ts'
import {
  anonymous,
  authenticationChain,
  credentialsOf,
  CredentialsError,
  tokenChain,
  type Authenticator,
  type Credentials,
  type RequestHeaders,
  type TokenAuthenticator,
} from './authenticator.ts'
import { bearerAuthenticator, withoutBearerProtocol } from './bearer.ts'
import { bootstrapTokenAuthenticator } from './bootstrap-token.ts'
import { requestHeaderAuthenticator } from './request-header.ts'
import { parseServiceAccountUserName, type UserInfo } from './user.ts'
import { x509Authenticator } from './x509.ts'

const startMs = 1_780_272_000_000
const dayMs = 86_400_000

function clockAt(read: () => number): Clock {
  return Object.assign(Object.create(realClock), { now: read })
}

function credentials(rest: Partial<Credentials>): Credentials {
  return { authorization: undefined, peerCertificate: undefined, websocketProtocols: [], ...rest }
}

function headers(values: Readonly<Record<string, readonly string[]>>): RequestHeaders {
  const found = new Map(Object.entries(values))
  return { headers: (name) => found.get(name) ?? [], headerNames: () => found.keys() }
}

async function outcome(run: () => Promise<UserInfo | undefined>): Promise<string> {
  try {
    return (await run())?.name ?? 'no opinion'
  } catch (error) {
    if (error instanceof CredentialsError || error instanceof StatusError) return error.message
    throw error
  }
}

function pkiAt(nowMs: number) {
  const options = { hostName: 'h', serviceIps: [], random: realRandom }
  return memoryPki({ ...options, clock: clockAt(() => nowMs) })
}

test('client certificates', async () => {
  let nowMs = startMs
  const pki = pkiAt(startMs)
  let roots: readonly Certificate[] = [pki.ca.certificate]
  const authenticator = x509Authenticator({ clock: clockAt(() => nowMs), authorities: () => roots })
  const check = (der: Uint8Array | undefined) =>
    outcome(() => authenticator.authenticate(credentials({ peerCertificate: der })))
  const client = (subject: Subject) => pki.client(subject.commonName || 'x', subject).certificate
  const jane = client({ commonName: 'jane', organizations: ['dev', 'ops'] })

  assert.equal(await check(undefined), 'no opinion')
  assert.equal(await check(jane.der), 'jane')
  assert.equal(await check(client({ commonName: '', organizations: ['x'] }).der), 'no opinion')
  assert.match(await check(pki.serving.certificate.der), /incompatible key usage$/)
  assert.match(await check(pki.frontProxyClient.certificate.der), /unknown authority$/)
  assert.match(await check(pkiAt(startMs).admin.certificate.der), /unknown authority$/)
  assert.match(await check(new Uint8Array([1, 2, 3])), /cannot be read$/)
  const uid = { oid: '1.3.6.1.4.1.57683.2', value: 'u-1' }
  const user = await authenticator.authenticate(
    credentials({
      peerCertificate: client({ commonName: 'joe', organizations: ['dev'], others: [uid] }).der,
    }),
  )
  assert.deepEqual(
    { ...user, extra: Object.keys(user?.extra ?? {}) },
    {
      name: 'joe',
      uid: 'u-1',
      groups: ['dev'],
      extra: ['authentication.kubernetes.io/credential-id'],
    },
  )
  const ann = await authenticator.authenticate(credentials({ peerCertificate: jane.der }))
  assert.deepEqual(ann?.extra['authentication.kubernetes.io/credential-id'], [
    `X509SHA256=${jane.fingerprint}`,
  ])

  nowMs = startMs + 400 * dayMs
  assert.match(await check(jane.der), /has expired or is not yet valid/)
  nowMs = startMs
  assert.equal(await check(jane.der), 'jane')
  roots = [pkiAt(startMs).ca.certificate]
  assert.match(await check(jane.der), /unknown authority$/, 'a chain found is not kept for others')
  roots = []
  assert.equal(await check(jane.der), 'no opinion')
})

test('front proxy headers', async () => {
  const pki = pkiAt(startMs)
  const authenticator = requestHeaderAuthenticator({
    clock: clockAt(() => startMs),
    authorities: () => [pki.frontProxyCa.certificate],
    allowedNames: ['front-proxy-client'],
  })
  const sent = headers({
    'x-remote-user': ['jane'],
    'x-remote-uid': ['u-1'],
    'x-remote-group': ['a', 'b'],
    'x-remote-extra-example.com%2fscopes': ['x', 'y'],
    'x-remote-extra-__proto__': ['z'],
  })
  const authenticate = (peerCertificate: Uint8Array | undefined, from = sent) =>
    authenticator.authenticate(credentials({ peerCertificate, headers: from }))
  const proxy = pki.frontProxyClient.certificate.der
  const user = await authenticate(proxy)
  assert.deepEqual(
    { ...user, extra: Object.entries(user?.extra ?? {}) },
    {
      name: 'jane',
      uid: 'u-1',
      groups: ['a', 'b'],
      extra: [
        ['__proto__', ['z']],
        ['example.com/scopes', ['x', 'y']],
      ],
    },
  )
  assert.equal(await authenticate(undefined), undefined, 'anybody can send headers')
  assert.equal(await authenticate(proxy, headers({})), undefined)
  const admin = pki.admin.certificate.der
  assert.match(await outcome(() => authenticate(admin)), /unknown authority$/)
  const choosy = requestHeaderAuthenticator({
    clock: clockAt(() => startMs),
    authorities: () => [pki.frontProxyCa.certificate],
    allowedNames: ['another'],
  })
  assert.equal(
    await outcome(() =>
      choosy.authenticate(credentials({ peerCertificate: proxy, headers: sent })),
    ),
    'x509: subject with cn=front-proxy-client is not in the allowed list',
  )
})

const knowsGood: TokenAuthenticator = {
  async authenticateToken(token, audiences) {
    if (token === 'broken') throw new CredentialsError('token is broken')
    if (token !== 'good') return undefined
    return { user: { name: 'jane', uid: '', groups: [], extra: {} }, audiences }
  },
}

test('bearer tokens', async () => {
  const authenticator = bearerAuthenticator(knowsGood, ['api'])
  const encoded = (text: string) =>
    `base64url.bearer.authorization.k8s.io.${Buffer.from(text).toString('base64url')}`
  const table: readonly (readonly [Partial<Credentials>, string])[] = [
    [{}, 'no opinion'],
    [{ authorization: 'Bearer good' }, 'jane'],
    [{ authorization: ' bearer good ' }, 'jane'],
    [{ authorization: 'Bearer good extra' }, 'jane'],
    [{ authorization: 'Bearer' }, 'no opinion'],
    [{ authorization: 'Bearer ' }, 'no opinion'],
    [{ authorization: 'Basic good' }, 'no opinion'],
    [{ authorization: 'Bearer bad' }, 'invalid bearer token'],
    [{ authorization: 'Bearer broken' }, 'token is broken'],
    [{ websocketProtocols: ['v5.channel.k8s.io', encoded('good')] }, 'jane'],
    [{ websocketProtocols: [encoded('good'), 'v5.channel.k8s.io'] }, 'jane'],
    [{ websocketProtocols: [encoded('good')] }, 'missing additional subprotocol'],
    [
      { websocketProtocols: ['v5', encoded('good'), encoded('good')] },
      'multiple base64.bearer.authorization tokens specified',
    ],
    [
      { websocketProtocols: ['v5', 'base64url.bearer.authorization.k8s.io.a*b'] },
      'invalid base64.bearer.authorization token encoding',
    ],
    [
      { websocketProtocols: ['v5', 'base64url.bearer.authorization.k8s.io._w'] },
      'invalid base64.bearer.authorization token',
    ],
    [{ websocketProtocols: ['v5.channel.k8s.io'] }, 'no opinion'],
  ]
  for (const [sent, expected] of table) {
    const found = await outcome(() => authenticator.authenticate(credentials(sent)))
    assert.equal(found, expected, JSON.stringify(sent))
  }
  assert.deepEqual(withoutBearerProtocol(['v5', encoded('good')]), ['v5'])
})

test('bootstrap tokens', async () => {
  const secrets = { group: '', resource: 'secrets' }
  const lookup = new MemoryLookup()
  const authenticator = bootstrapTokenAuthenticator(
    lookup,
    clockAt(() => startMs),
  )
  const put = (
    data: Readonly<Record<string, string>>,
    rest: object = {},
    metadata: object = {},
  ) => {
    const encoded = Object.entries({
      'token-id': 'abcdef',
      'token-secret': '0123456789abcdef',
      'usage-bootstrap-authentication': 'true',
      ...data,
    }).map(([key, value]) => [key, Buffer.from(value).toString('base64')])
    const object = {
      metadata: { name: 'bootstrap-token-abcdef', namespace: 'kube-system', ...metadata },
      type: 'bootstrap.kubernetes.io/token',
      data: Object.fromEntries(encoded),
      ...rest,
    }
    lookup.put(secrets, object)
  }
  const check = async (token = 'abcdef.0123456789abcdef') => {
    const found = await authenticator.authenticateToken(token, ['api'])
    return found === undefined ? 'no opinion' : [found.user.name, ...found.user.groups].join(' ')
  }
  const good = 'system:bootstrap:abcdef system:bootstrappers'
  assert.equal(await check(), 'no opinion')
  put({})
  assert.equal(await check(), good)
  assert.equal(await check('abcdef.0123456789abcdeg'), 'no opinion')
  assert.equal(await check('abcdef.0123456789abcde'), 'no opinion')
  assert.equal(await check('ABCDEF.0123456789abcdef'), 'no opinion')
  put({ 'auth-extra-groups': 'system:bootstrappers:b,system:bootstrappers:a:x' })
  assert.equal(await check(), `${good} system:bootstrappers:a:x system:bootstrappers:b`)
  put({ expiration: '2026-06-01T00:00:01Z' })
  assert.equal(await check(), good)
  for (const data of [
    { 'auth-extra-groups': 'system:masters' },
    { 'auth-extra-groups': 'system:bootstrappers:a,system:masters' },
    { expiration: '2026-06-01T00:00:00Z' },
    { expiration: 'never' },
    { 'usage-bootstrap-authentication': 'false' },
    { 'token-id': 'fedcba' },
    { 'token-secret': '' },
  ]) {
    put(data)
    assert.equal(await check(), 'no opinion', JSON.stringify(data))
  }
  put({}, { type: 'Opaque' })
  assert.equal(await check(), 'no opinion')
  put({}, {}, { deletionTimestamp: '2026-06-01T00:00:00Z' })
  assert.equal(await check(), 'no opinion')
})

test('the chain', async () => {
  const jane = { name: 'jane', uid: '', groups: ['dev'], extra: {} }
  const knows: Authenticator = { authenticate: async () => jane }
  const silent: Authenticator = { authenticate: async () => undefined }
  const refuses: Authenticator = {
    async authenticate() {
      throw new CredentialsError('bad')
    },
  }
  const run = (list: readonly Authenticator[], anonymousOn = true) =>
    authenticationChain(list, { anonymous: anonymousOn }).authenticate(credentials({}))
  assert.deepEqual(await run([silent, refuses, knows]), {
    ...jane,
    groups: ['dev', 'system:authenticated'],
  })
  assert.deepEqual(await run([silent]), anonymous)
  for (const attempt of [run([silent], false), run([silent, refuses]), run([refuses, refuses])]) {
    await assert.rejects(
      attempt,
      (error) =>
        error instanceof StatusError && error.code === 401 && error.message === 'Unauthorized',
    )
  }
})

test('the chain of token authenticators', async () => {
  const other: TokenAuthenticator = {
    async authenticateToken() {
      throw new CredentialsError('not mine')
    },
  }
  const check = (token: string, ...list: readonly TokenAuthenticator[]) =>
    outcome(async () => (await tokenChain(list).authenticateToken(token, []))?.user)
  assert.equal(await check('good', other, knowsGood), 'jane')
  assert.equal(await check('none', knowsGood), 'no opinion')
  assert.equal(await check('broken', other, knowsGood), '[not mine, token is broken]')
})

test('user names of service accounts', () => {
  const table = [
    ['system:serviceaccount:ns:name', { namespace: 'ns', name: 'name' }],
    ['system:serviceaccount:ns:a.b', { namespace: 'ns', name: 'a.b' }],
    ['system:serviceaccount:ns', undefined],
    ['system:serviceaccount::name', undefined],
    ['system:serviceaccount:ns:', undefined],
    ['system:serviceaccount:ns:a:b', undefined],
    ['system:serviceaccount:n.s:a', undefined],
    ['system:serviceaccount:ns:__proto__', undefined],
    ['System:serviceaccount:ns:name', undefined],
  ] as const
  for (const [name, expected] of table)
    assert.deepEqual(parseServiceAccountUserName(name), expected)
})

test('credentials of a request', () => {
  const sent = headers({ 'sec-websocket-protocol': ['v5.channel.k8s.io, a', 'b'] })
  const request: ApiRequest = {
    method: 'GET',
    path: '/',
    query: new URLSearchParams(),
    header: (name) => (name === 'authorization' ? 'Bearer x' : undefined),
    headers: (name) => sent.headers(name),
    headerNames: () => sent.headerNames(),
    body: { type: 'value', value: undefined },
    peer: { address: '127.0.0.1', certificate: new Uint8Array([1]), user: undefined },
    signal: new AbortController().signal,
  }
  const found = credentialsOf(request)
  assert.equal(found.authorization, 'Bearer x')
  assert.deepEqual(found.peerCertificate, new Uint8Array([1]))
  assert.deepEqual(found.websocketProtocols, ['v5.channel.k8s.io', 'a', 'b'])
})
