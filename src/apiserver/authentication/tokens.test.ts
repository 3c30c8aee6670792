import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { realClock, realRandom, type Clock } from '#base'
import { StatusError } from '#machinery'
import { generateKeyPair, keyId, signJwt, verificationKey, type JwtClaims } from '#pki'
import { MemoryLookup } from '../testing/memory-lookup.ts'
import { CredentialsError } from './authenticator.ts'
import { ServiceAccountTokenAuthenticator } from './service-account-token.ts'
import { TokenIssuer, type BoundObjectReference } from './token-issuer.ts'

const startMs = 1_780_272_000_000
const issuer = 'https://kubernetes.default.svc.cluster.local'
const key = generateKeyPair('ecdsa-p256', realRandom)
const accounts = { group: '', resource: 'serviceaccounts' }
const pods = { group: '', resource: 'pods' }
const secrets = { group: '', resource: 'secrets' }
const nodes = { group: '', resource: 'nodes' }
const account = { namespace: 'shop', name: 'bot', uid: 'account-uid' }

function cluster() {
  let nowMs = startMs
  const clock: Clock = Object.assign(Object.create(realClock), { now: () => nowMs })
  const lookup = new MemoryLookup()
  const stale: string[] = []
  lookup.put(accounts, object('bot', 'account-uid'))
  lookup.put(pods, { ...object('web', 'pod-uid'), ...runs('bot', 'one') })
  lookup.put(secrets, object('held', 'secret-uid'))
  lookup.put(nodes, { metadata: { name: 'one', uid: 'node-uid' } } as never)
  let keys = [verificationKey(key.publicKey)]
  const authenticator = new ServiceAccountTokenAuthenticator({
    clock,
    lookup,
    keys: () => keys,
    issuers: [issuer],
    apiAudiences: [issuer],
    onStale: (subject, seconds) => stale.push(`${subject} ${seconds}`),
  })
  const tokens = new TokenIssuer({
    clock,
    random: realRandom,
    lookup,
    key,
    issuer,
    apiAudiences: [issuer],
    expirationSecondsMax: 86_400,
  })
  return {
    lookup,
    tokens,
    stale,
    pass: (seconds: number) => (nowMs += seconds * 1000),
    revokeKeys: () => (keys = []),
    issue: (boundObject?: BoundObjectReference, rest: object = {}) =>
      tokens.issue({
        serviceAccount: account,
        audiences: [],
        expirationSeconds: 3600,
        boundObject,
        ...rest,
      }),
    check: async (token: string, audiences: readonly string[] = [issuer]): Promise<string> => {
      try {
        const found = await authenticator.authenticateToken(token, audiences)
        return found === undefined ? 'no opinion' : `${found.user.name} ${found.user.uid}`
      } catch (error) {
        if (error instanceof CredentialsError) return error.message
        throw error
      }
    },
    user: async (token: string) => (await authenticator.authenticateToken(token, []))?.user,
  }
}

function object(name: string, uid: string, metadata: object = {}) {
  return { metadata: { name, namespace: 'shop', uid, ...metadata } }
}

function runs(serviceAccountName: string, nodeName: string) {
  return { spec: { serviceAccountName, nodeName } }
}

const ref = (kind: string, name: string, uid = ''): BoundObjectReference => ({
  kind,
  apiVersion: 'v1',
  name,
  uid,
})
const good = 'system:serviceaccount:shop:bot account-uid'

test('a plain token names the account and its credential', async () => {
  const { issue, check, user } = cluster()
  const issued = issue()
  assert.equal(await check(issued.token), good)
  assert.equal(issued.expiresAtMs, startMs + 3_600_000)
  assert.deepEqual(await user(issued.token), {
    name: 'system:serviceaccount:shop:bot',
    uid: 'account-uid',
    groups: ['system:serviceaccounts', 'system:serviceaccounts:shop'],
    extra: { 'authentication.kubernetes.io/credential-id': [issued.credentialId] },
  })
})

test('a token of a pod carries pod and node', async () => {
  const { issue, user } = cluster()
  const found = await user(issue(ref('Pod', 'web', 'pod-uid')).token)
  const { 'authentication.kubernetes.io/credential-id': _, ...extra } = found?.extra ?? {}
  assert.deepEqual(extra, {
    'authentication.kubernetes.io/pod-name': ['web'],
    'authentication.kubernetes.io/pod-uid': ['pod-uid'],
    'authentication.kubernetes.io/node-name': ['one'],
    'authentication.kubernetes.io/node-uid': ['node-uid'],
  })
})

test('time', async () => {
  const { issue, check, pass } = cluster()
  const { token } = issue()
  pass(3660)
  assert.equal(await check(token), good, 'within the leeway')
  pass(1)
  assert.equal(await check(token), 'service account token has expired')
  const late = issue().token
  pass(-3600)
  assert.equal(await check(late), 'service account token is not valid yet')
})

test('audiences', async () => {
  const { issue, check } = cluster()
  const { token } = issue(undefined, { audiences: ['vault'] })
  assert.equal(
    await check(token),
    `token audiences ["vault"] is invalid for the target audiences ["${issuer}"]`,
  )
  assert.equal(await check(token, ['vault', 'other']), good)
  assert.match(await check(issue().token, ['vault']), /^token audiences/)
})

test('what a token is bound to', async () => {
  const gone = 'service account token has been invalidated'
  const deletionTimestamp = '2026-05-31T23:00:00Z'
  const table = [
    ['Pod', 'web', pods, 'shop', 'pod'],
    ['Secret', 'held', secrets, 'shop', 'secret'],
    ['Node', 'one', nodes, '', 'node'],
  ] as const
  for (const [kind, name, resource, namespace, word] of table) {
    const { issue, check, lookup } = cluster()
    const { token } = issue(ref(kind, name))
    assert.equal(await check(token), good)
    const metadata = { name, namespace, uid: 'another' }
    lookup.put(resource, { metadata })
    assert.equal(
      await check(token),
      `${word} UID (another) does not match service account ${word} ref claim (${word}-uid)`,
    )
    lookup.put(resource, {
      metadata: { ...metadata, uid: `${word}-uid`, deletionTimestamp } as never,
    })
    assert.equal(await check(token), gone)
    lookup.delete(resource, namespace, name)
    assert.equal(await check(token), gone)
  }
})

test('an account being deleted counts for a minute more', async () => {
  const { issue, check, lookup, pass } = cluster()
  const { token } = issue()
  lookup.put(accounts, object('bot', 'account-uid', { deletionTimestamp: '2026-06-01T00:00:00Z' }))
  assert.equal(await check(token), good)
  pass(61)
  assert.equal(await check(token), 'service account shop/bot has been deleted')
  lookup.put(accounts, object('bot', 'new'))
  assert.equal(await check(token), 'service account UID (new) does not match claim (account-uid)')
  lookup.delete(accounts, 'shop', 'bot')
  assert.equal(await check(token), 'serviceaccounts "bot" not found')
})

function forge(change: JwtClaims, pair = key, id = keyId(key.publicKey)): string {
  const now = startMs / 1000
  return signJwt(pair.privateKey, id, {
    iss: issuer,
    aud: [issuer],
    sub: 'system:serviceaccount:shop:bot',
    exp: now + 60,
    'kubernetes.io': {
      namespace: 'shop',
      serviceaccount: { name: 'bot', uid: 'account-uid' },
    },
    ...change,
  })
}

test('forged and foreign tokens', async () => {
  const { check } = cluster()
  const other = generateKeyPair('ecdsa-p256', realRandom)
  const none = Buffer.from('{"alg":"none"}').toString('base64url')
  const [, body = ''] = forge({}).split('.')
  const bad = 'invalid signature of a service account token'
  const table: readonly (readonly [string, string])[] = [
    [forge({}), good],
    [forge({}, other), bad],
    [forge({}, other, keyId(other.publicKey)), bad],
    [`${none}.${body}.`, bad],
    [forge({ iss: 'https://elsewhere' }), 'no opinion'],
    [forge({ iss: 7 }), 'no opinion'],
    ['not a token', 'no opinion'],
    [forge({ exp: undefined }), 'service account token has expired'],
    [forge({ iat: startMs / 1000 + 61 }), 'service account token is issued in the future'],
    [forge({ sub: 'system:serviceaccount:shop:boss' }), 'sub claim is invalid'],
    [forge({ 'kubernetes.io': {} }), 'service account token claims could not be validated'],
    [forge({ 'kubernetes.io': 'x' }), 'service account token claims could not be validated'],
  ]
  for (const [token, expected] of table) assert.equal(await check(token), expected)
  const namespaced = (name: string) =>
    forge({
      sub: `system:serviceaccount:shop:${name}`,
      'kubernetes.io': { namespace: 'shop', serviceaccount: { name, uid: '' } },
    })
  assert.equal(await check(namespaced('__proto__')), 'serviceaccounts "__proto__" not found')
})

test('a key that is no longer trusted ends its tokens', async () => {
  const { issue, check, revokeKeys } = cluster()
  const { token } = issue()
  assert.equal(await check(token), good)
  revokeKeys()
  assert.equal(await check(token), 'invalid signature of a service account token')
})

test('the year-long tokens of old pods warn after an hour', async () => {
  const { issue, check, pass, stale } = cluster()
  const issued = issue(ref('Pod', 'web'), { expirationSeconds: 3607 })
  assert.equal(issued.expiresAtMs, startMs + 3_607_000)
  assert.equal(await check(issued.token), good)
  assert.deepEqual(stale, [])
  pass(100_000)
  assert.equal(await check(issued.token), good)
  assert.deepEqual(stale, ['system:serviceaccount:shop:bot 96393'])
  const vault = issue(ref('Pod', 'web'), { expirationSeconds: 3607, audiences: ['vault'] })
  pass(3700)
  assert.equal(await check(vault.token, ['vault']), 'service account token has expired')
})

test('issuing refuses what cannot be bound', () => {
  const { issue, lookup } = cluster()
  lookup.put(pods, { ...object('other', 'x'), ...runs('someone', 'one') })
  const table = [
    [ref('Pod', 'none'), 404, 'pods "none" not found'],
    [
      ref('Pod', 'web', 'wrong'),
      409,
      'Operation cannot be fulfilled on Pod "web": the UID in the bound object reference (wrong) does not match the UID in record. The object might have been deleted and then recreated',
    ],
    [
      ref('Pod', 'other'),
      400,
      'cannot bind token for serviceaccount "bot" to pod running with different serviceaccount name.',
    ],
    [ref('ConfigMap', 'x'), 400, 'cannot bind token to object of type /v1, Kind=ConfigMap'],
  ] as const
  for (const [reference, code, message] of table) {
    assert.throws(
      () => issue(reference),
      (error) => error instanceof StatusError && error.code === code && error.message === message,
    )
  }
  assert.equal(issue(undefined, { expirationSeconds: 1e6 }).expirationSeconds, 86_400)
})

test('legacy tokens live in their secret', async () => {
  const { tokens, check, lookup } = cluster()
  const token = tokens.issueLegacy(account, 'bot-token')
  const put = (text: string, metadata: object = {}) => {
    const data = { token: Buffer.from(text).toString('base64') }
    const secret = { ...object('bot-token', 's', metadata), data }
    lookup.put(secrets, secret)
  }
  assert.equal(await check(token), 'service account token has been invalidated')
  put(token)
  assert.equal(await check(token), good)
  put('another')
  assert.equal(await check(token), "service account token does not match server's copy")
  put(token, { labels: { 'kubernetes.io/legacy-token-invalid-since': '2026-01-01' } })
  assert.match(await check(token), /^the token in secret shop\/bot-token .* marked invalid/)
  put(token, { deletionTimestamp: '2026-05-31T23:59:59Z' })
  assert.equal(await check(token), 'service account token has been invalidated')
  put(token)
  lookup.put(accounts, object('bot', 'new'))
  assert.equal(await check(token), 'service account UID (new) does not match claim (account-uid)')
  const empty = signJwt(key.privateKey, keyId(key.publicKey), { iss: 'kubernetes/serviceaccount' })
  assert.equal(await check(empty), 'sub claim is missing')
})
