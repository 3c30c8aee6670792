import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto'
import type { Random } from '#base'
import { PkiError } from './error.ts'
import { pemDecode } from './pem.ts'

/**
 * P-256 is what k8ts makes on its own (0.03 ms). RSA costs a thousand times that and is made only
 * on request. Ed25519 keys come from the injected Random and sign deterministically: they are the
 * keys of a simulation.
 */
export type KeyType = 'ecdsa-p256' | 'rsa-2048' | 'ed25519'

export interface KeyPair {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** Only Ed25519 keys draw on `random`; the others take their entropy from OpenSSL. */
export function generateKeyPair(type: KeyType, random: Random): KeyPair {
  switch (type) {
    case 'ecdsa-p256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' })
    case 'rsa-2048':
      return generateKeyPairSync('rsa', { modulusLength: 2048 })
    case 'ed25519':
      return ed25519FromSeed(random.bytes(32))
  }
}

/** What PKCS #8 puts in front of the 32 secret bytes of an Ed25519 key (RFC 8410, section 7). */
const ed25519Prefix = Buffer.from('302e020100300506032b657004220420', 'hex')

function ed25519FromSeed(seed: Uint8Array): KeyPair {
  const key = Buffer.concat([ed25519Prefix, seed])
  return pairOf(createPrivateKey({ key, format: 'der', type: 'pkcs8' }))
}

function pairOf(privateKey: KeyObject): KeyPair {
  return { privateKey, publicKey: createPublicKey(privateKey) }
}

/** Reads PKCS #8, SEC 1 and PKCS #1 blocks, unencrypted. Parameters before the key are skipped. */
export function keyPairFromPem(text: string): KeyPair {
  const block = pemDecode(text).find((candidate) => candidate.label.endsWith('PRIVATE KEY'))
  if (block === undefined) throw new PkiError('Malformed', 'no PEM block holds a private key')
  const type = privateKeyForms.get(block.label)
  if (type === undefined) throw new PkiError('Unsupported', `${block.label} is not supported`)
  try {
    const pair = pairOf(createPrivateKey({ key: Buffer.from(block.der), format: 'der', type }))
    signatureOf(pair.privateKey)
    return pair
  } catch (error) {
    if (error instanceof PkiError) throw error
    throw new PkiError('Malformed', 'the private key cannot be read', { cause: error })
  }
}

const privateKeyForms = new Map<string, 'pkcs8' | 'sec1' | 'pkcs1'>([
  ['PRIVATE KEY', 'pkcs8'],
  ['EC PRIVATE KEY', 'sec1'],
  ['RSA PRIVATE KEY', 'pkcs1'],
])

/** In the form upstream's tools write: SEC 1 for elliptic curves, PKCS #1 for RSA, else PKCS #8. */
export function privateKeyToPem(key: KeyObject): string {
  const type =
    key.asymmetricKeyType === 'ec' ? 'sec1' : key.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'pkcs8'
  return key.export({ format: 'pem', type })
}

/** The SubjectPublicKeyInfo as a `PUBLIC KEY` block. */
export function publicKeyToPem(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'spki' })
}

/** Every public key of a PEM text: `PUBLIC KEY` blocks, and those of certificates and private keys. */
export function publicKeysFromPem(text: string): readonly KeyObject[] {
  const keys: KeyObject[] = []
  for (const { label, der } of pemDecode(text)) {
    try {
      const privateForm = privateKeyForms.get(label)
      const key = Buffer.from(der)
      if (label === 'PUBLIC KEY') {
        keys.push(createPublicKey({ key, format: 'der', type: 'spki' }))
      } else if (label === 'RSA PUBLIC KEY') {
        keys.push(createPublicKey({ key, format: 'der', type: 'pkcs1' }))
      } else if (privateForm !== undefined) {
        keys.push(createPublicKey(createPrivateKey({ key, format: 'der', type: privateForm })))
      }
    } catch (error) {
      throw new PkiError('Malformed', `the key in PEM block ${label} cannot be read`, {
        cause: error,
      })
    }
  }
  return keys
}

export function publicKeyDer(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ format: 'der', type: 'spki' }))
}

/** The id of a service account key: base64url of the SHA-256 of its SubjectPublicKeyInfo. */
export function keyId(publicKey: KeyObject): string {
  return createHash('sha256').update(publicKeyDer(publicKey)).digest('base64url')
}

/** Hexadecimal SHA-256 of the SubjectPublicKeyInfo: what pins a CA, in kubeadm's form too. */
export function publicKeyHash(publicKey: KeyObject): string {
  return createHash('sha256').update(publicKeyDer(publicKey)).digest('hex')
}

/** How a key signs: the JOSE name, the X.509 algorithm and the digest node:crypto is asked for. */
export interface SignatureForm {
  readonly jose: 'ES256' | 'ES384' | 'ES512' | 'RS256' | 'EdDSA'
  readonly oid: string
  readonly digest: 'sha256' | 'sha384' | 'sha512' | null
}

const ecForms = new Map<string, SignatureForm>([
  ['prime256v1', { jose: 'ES256', oid: '1.2.840.10045.4.3.2', digest: 'sha256' }],
  ['secp384r1', { jose: 'ES384', oid: '1.2.840.10045.4.3.3', digest: 'sha384' }],
  ['secp521r1', { jose: 'ES512', oid: '1.2.840.10045.4.3.4', digest: 'sha512' }],
])

const otherForms = new Map<string, SignatureForm>([
  ['rsa', { jose: 'RS256', oid: '1.2.840.113549.1.1.11', digest: 'sha256' }],
  ['ed25519', { jose: 'EdDSA', oid: '1.3.101.112', digest: null }],
])

/** The one form a key signs in: what a token or request claims about itself is never asked. */
export function signatureOf(key: KeyObject): SignatureForm {
  const form =
    key.asymmetricKeyType === 'ec'
      ? ecForms.get(key.asymmetricKeyDetails?.namedCurve ?? '')
      : otherForms.get(key.asymmetricKeyType ?? '')
  if (form !== undefined) return form
  throw new PkiError('Unsupported', `keys of type ${key.asymmetricKeyType} are not supported`)
}

/** ECDSA signatures are two raw integers in JOSE (`raw`) and a DER sequence in X.509 (`der`). */
export type EcEncoding = 'raw' | 'der'

export function signBytes(key: KeyObject, data: Uint8Array, encoding: EcEncoding): Uint8Array {
  const dsaEncoding = encoding === 'raw' ? 'ieee-p1363' : 'der'
  return new Uint8Array(sign(signatureOf(key).digest, data, { key, dsaEncoding }))
}

export function verifyBytes(
  key: KeyObject,
  data: Uint8Array,
  signature: Uint8Array,
  encoding: EcEncoding,
): boolean {
  const dsaEncoding = encoding === 'raw' ? 'ieee-p1363' : 'der'
  return verify(signatureOf(key).digest, data, { key, dsaEncoding }, signature)
}
