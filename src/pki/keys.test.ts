import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { realRandom, seededRandom } from '#base'
import { PkiError } from './error.ts'
import {
  generateKeyPair,
  keyId,
  keyPairFromPem,
  privateKeyToPem,
  publicKeysFromPem,
  publicKeyToPem,
  signBytes,
  verifyBytes,
  type KeyType,
} from './keys.ts'

const types: readonly KeyType[] = ['ecdsa-p256', 'rsa-2048', 'ed25519']

for (const type of types) {
  test(`a ${type} key survives PEM and signs`, () => {
    const pair = generateKeyPair(type, realRandom)
    const pem = privateKeyToPem(pair.privateKey)
    const loaded = keyPairFromPem(pem)
    assert.ok(loaded.publicKey.equals(pair.publicKey))
    const [published] = publicKeysFromPem(publicKeyToPem(pair.publicKey))
    assert.ok(published?.equals(pair.publicKey))
    assert.ok(publicKeysFromPem(pem)[0]?.equals(pair.publicKey))

    const data = Buffer.from('what is signed')
    for (const encoding of ['raw', 'der'] as const) {
      const signature = signBytes(loaded.privateKey, data, encoding)
      assert.ok(verifyBytes(pair.publicKey, data, signature, encoding))
      assert.ok(!verifyBytes(pair.publicKey, Buffer.from('other'), signature, encoding))
    }
  })
}

test('PEM labels are those of upstream tools', () => {
  const label = (type: KeyType) =>
    privateKeyToPem(generateKeyPair(type, realRandom).privateKey).split('\n')[0]
  assert.equal(label('ecdsa-p256'), '-----BEGIN EC PRIVATE KEY-----')
  assert.equal(label('rsa-2048'), '-----BEGIN RSA PRIVATE KEY-----')
  assert.equal(label('ed25519'), '-----BEGIN PRIVATE KEY-----')
})

test('Ed25519 keys repeat with the seed', () => {
  const id = (seed: number) => keyId(generateKeyPair('ed25519', seededRandom(seed)).publicKey)
  assert.equal(id(7), id(7))
  assert.notEqual(id(7), id(8))
})

test('a key id is the base64url SHA-256 of the public key', () => {
  assert.match(keyId(generateKeyPair('ecdsa-p256', realRandom).publicKey), /^[\w-]{43}$/)
})

for (const [name, text] of [
  ['nothing', ''],
  ['no key', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'],
  ['no end', '-----BEGIN PRIVATE KEY-----\nAAAA\n'],
  ['no base64', '-----BEGIN PRIVATE KEY-----\nA*A\n-----END PRIVATE KEY-----\n'],
  ['no DER', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'],
] as const) {
  test(`refuses a key file with ${name}`, () => {
    assert.throws(
      () => keyPairFromPem(text),
      (error) => error instanceof PkiError && error.reason === 'Malformed',
    )
  })
}
