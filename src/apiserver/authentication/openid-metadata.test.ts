import { strict as assert } from 'node:assert'
import { createPublicKey } from 'node:crypto'
import { test } from 'node:test'
import { realRandom } from '#base'
import { generateKeyPair, verificationKey } from '#pki'
import { openIdConfiguration, openIdKeys, openIdPaths } from './openid-metadata.ts'

const types = ['ecdsa-p256', 'rsa-2048', 'ed25519'] as const
const keys = types.map((type) => verificationKey(generateKeyPair(type, realRandom).publicKey))

test('the key set holds the public keys, and nothing private', () => {
  const set = openIdKeys(keys)
  const found = set.keys.map((key) => createPublicKey({ key: { ...key }, format: 'jwk' }))
  for (const [i, key] of keys.entries()) assert.ok(found[i]?.equals(key.publicKey))
  assert.deepEqual(
    set.keys.map((key) => Object.keys(key).join(' ')),
    ['use kty kid crv alg x y', 'use kty kid alg n e', 'use kty kid crv alg x'],
  )
})

test('the discovery document names issuer, keys and algorithms', () => {
  const issuer = 'https://kubernetes.default.svc.cluster.local'
  const keysUri = `https://127.0.0.1:6443${openIdPaths.keys}`
  assert.deepEqual(openIdConfiguration({ issuer, keysUri, keys }), {
    issuer,
    jwks_uri: 'https://127.0.0.1:6443/openid/v1/jwks',
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256', 'EdDSA', 'RS256'],
  })
})
