import { strict as assert } from 'node:assert'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { realRandom } from '#base'
import { PkiError } from './error.ts'
import { parseJwt, signJwt, verificationKey, verifyJwt } from './jwt.ts'
import { generateKeyPair, keyId, publicKeyToPem, type KeyPair, type KeyType } from './keys.ts'

const ec = generateKeyPair('ecdsa-p256', realRandom)
const rsa = generateKeyPair('rsa-2048', realRandom)
const claims = { iss: 'https://kubernetes.default.svc', sub: 'system:serviceaccount:a:b' }

function token(pair: KeyPair, id = keyId(pair.publicKey)): string {
  return signJwt(pair.privateKey, id, claims)
}

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function refusal(text: string, ...pairs: readonly KeyPair[]): string {
  try {
    verifyJwt(
      parseJwt(text),
      pairs.map((pair) => verificationKey(pair.publicKey)),
    )
  } catch (error) {
    if (error instanceof PkiError) return error.reason
    throw error
  }
  return 'accepted'
}

for (const [type, alg] of [
  ['ecdsa-p256', 'ES256'],
  ['rsa-2048', 'RS256'],
  ['ed25519', 'EdDSA'],
] as const satisfies readonly (readonly [KeyType, string])[]) {
  test(`signs and verifies with ${alg}`, () => {
    const pair = generateKeyPair(type, realRandom)
    const jwt = parseJwt(token(pair))
    assert.equal(jwt.header.alg, alg)
    assert.equal(jwt.header.kid, keyId(pair.publicKey))
    const verified = verifyJwt(jwt, [verificationKey(pair.publicKey)])
    assert.deepEqual({ ...verified }, claims)
  })
}

test('tries every key when the token names none of them', () => {
  assert.equal(refusal(token(ec, 'an older id'), rsa, ec), 'accepted')
})

test('refuses forged tokens', () => {
  const good = token(ec)
  const [header = '', body = '', signature = ''] = good.split('.')
  const other = generateKeyPair('ecdsa-p256', realRandom)
  assert.equal(refusal(good, other), 'BadSignature')
  assert.equal(refusal(good), 'BadSignature')
  assert.equal(refusal(`${header}.${part({ sub: 'admin' })}.${signature}`, ec), 'BadSignature')
  assert.equal(refusal(`${part({ alg: 'none' })}.${body}.`, ec), 'BadSignature')
  assert.equal(refusal(`${part({ alg: 'RS256' })}.${body}.${signature}`, ec), 'BadSignature')
})

test('a public key is never taken for a shared secret', () => {
  const input = `${part({ alg: 'HS256' })}.${part(claims)}`
  const mac = createHmac('sha256', publicKeyToPem(rsa.publicKey)).update(input).digest('base64url')
  assert.equal(refusal(`${input}.${mac}`, rsa), 'BadSignature')
})

test('refuses what is no token', () => {
  const [header = '', body = '', signature = ''] = token(ec).split('.')
  for (const text of [
    '',
    'a',
    'a.b',
    'a.b.c',
    '..',
    `${header}.${body}`,
    `${header}.${body}.${signature}.`,
    `${header}.${body}.${signature}=`,
    `${header}.${body}.${signature}\n`,
    `${part([])}.${body}.${signature}`,
    `${part({})}.${body}.${signature}`,
    `${header}.${part('text')}.${signature}`,
  ]) {
    assert.equal(refusal(text, ec), 'Malformed', JSON.stringify(text))
  }
  const critical = part({ alg: 'ES256', crit: ['exp'] })
  assert.equal(refusal(`${critical}.${body}.${signature}`, ec), 'Unsupported')
})

test('claims have no inherited names', () => {
  const jwt = parseJwt(`${part({ alg: 'ES256' })}.${part({})}.AA`)
  assert.equal(jwt.claims['constructor'], undefined)
  assert.equal(jwt.claims['toString'], undefined)
})
