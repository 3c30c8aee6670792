import type { KeyObject } from 'node:crypto'
import { PkiError } from './error.ts'
import { keyId, signatureOf, signBytes, verifyBytes } from './keys.ts'

export interface JwtHeader {
  readonly alg: string
  readonly kid: string | undefined
}

/** A compact JWS (RFC 7515) taken apart, not yet believed. */
export interface Jwt {
  readonly header: JwtHeader
  readonly claims: JwtClaims
  readonly signed: Uint8Array
  readonly signature: Uint8Array
}

export type JwtClaims = Readonly<Record<string, unknown>>

/** A key that may have signed a token, with its id. */
export interface VerificationKey {
  readonly id: string
  readonly publicKey: KeyObject
}

export function verificationKey(publicKey: KeyObject): VerificationKey {
  return { id: keyId(publicKey), publicKey }
}

/** Signs claims with the algorithm of the key; the header names the key by its id. */
export function signJwt(privateKey: KeyObject, id: string, claims: JwtClaims): string {
  const header = base64url(JSON.stringify({ alg: signatureOf(privateKey).jose, kid: id }))
  const input = `${header}.${base64url(JSON.stringify(claims))}`
  const signature = signBytes(privateKey, Buffer.from(input), 'raw')
  return `${input}.${Buffer.from(signature).toString('base64url')}`
}

/** Takes a token apart. Throws `Malformed`. Nothing in the result may be believed yet. */
export function parseJwt(token: string): Jwt {
  const parts = token.split('.')
  const [header, claims, signature] = parts
  if (parts.length !== 3 || !header || !claims || signature === undefined) {
    throw new PkiError('Malformed', 'a token has three parts')
  }
  const { alg, kid, crit } = parseObject(header)
  if (typeof alg !== 'string') throw new PkiError('Malformed', 'the token names no algorithm')
  if (kid !== undefined && typeof kid !== 'string') {
    throw new PkiError('Malformed', 'the key id of the token is no string')
  }
  // RFC 7515, section 4.1.11: who does not understand a critical header must refuse the token.
  if (crit !== undefined) throw new PkiError('Unsupported', 'the token has critical headers')
  return {
    header: { alg, kid },
    claims: parseObject(claims),
    signed: Buffer.from(`${header}.${claims}`),
    signature: decodeBase64url(signature),
  }
}

/**
 * Checks the signature alone: times, issuer and audience are the caller's. Keys whose id is the
 * token's are tried, or all keys when it names none of them. A key is only ever used with its own
 * algorithm, so a token cannot choose one. Throws `BadSignature`.
 */
export function verifyJwt(jwt: Jwt, keys: readonly VerificationKey[]): JwtClaims {
  const named = keys.filter((key) => key.id === jwt.header.kid)
  for (const { publicKey } of named.length > 0 ? named : keys) {
    if (signatureOf(publicKey).jose !== jwt.header.alg) continue
    if (verifyBytes(publicKey, jwt.signed, jwt.signature, 'raw')) return jwt.claims
  }
  throw new PkiError('BadSignature', 'no known key made the signature of the token')
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url')
}

function decodeBase64url(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64url')
  // Node skips what is not base64url; only the one canonical spelling may pass as the same bytes.
  if (bytes.toString('base64url') !== text) {
    throw new PkiError('Malformed', 'a part of the token is not base64url')
  }
  return bytes
}

function parseObject(part: string): JwtClaims {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(decodeBase64url(part)))
  } catch (error) {
    throw new PkiError('Malformed', 'a part of the token is not JSON', { cause: error })
  }
  if (!isObject(value)) throw new PkiError('Malformed', 'a part of the token is no JSON object')
  // Without a prototype a missing claim cannot be found on Object.prototype.
  return Object.assign(Object.create(null), value)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
