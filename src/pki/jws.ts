import { createHmac } from 'node:crypto'

/**
 * A detached JWS (RFC 7515, appendix F) by HMAC with SHA-256: `<header>..<signature>`, to be checked
 * by who has the payload and the key.
 */
export function signDetachedJws({
  keyId,
  key,
  payload,
}: {
  readonly keyId: string
  readonly key: string
  readonly payload: string
}): string {
  const header = Buffer.from(JSON.stringify({ alg: 'HS256', kid: keyId })).toString('base64url')
  const input = `${header}.${Buffer.from(payload).toString('base64url')}`
  return `${header}..${createHmac('sha256', key).update(input).digest('base64url')}`
}
