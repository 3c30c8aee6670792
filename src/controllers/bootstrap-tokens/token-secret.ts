import { parseTime } from '#base'
import type { Secret } from '#api'

/** Where bootstrap tokens are kept, and which Secrets they are. */
export const tokenSecrets = {
  namespace: 'kube-system',
  fieldSelector: 'type=bootstrap.kubernetes.io/token',
} as const

/** A text of a Secret; empty where it is not there. */
export function textOf({ data = {} }: Secret, key: string): string {
  return Object.hasOwn(data, key) ? Buffer.from(data[key] ?? '', 'base64').toString() : ''
}

/** Wall time at which a token expires; undefined: never. One that nobody can read has passed. */
export function expiryOf(secret: Secret): number | undefined {
  const text = textOf(secret, 'expiration')
  return text === '' ? undefined : (parseTime(text) ?? Number.NEGATIVE_INFINITY)
}

/** What a token signs with, where it is one, is good now, and is there for signing. */
export function signingToken(
  secret: Secret,
  nowMs: number,
): { readonly id: string; readonly secret: string } | undefined {
  const [id, text] = [textOf(secret, 'token-id'), textOf(secret, 'token-secret')]
  if (secret.metadata.deletionTimestamp !== undefined || text === '') return undefined
  if (!/^[a-z0-9]{6}$/.test(id) || secret.metadata.name !== `bootstrap-token-${id}`)
    return undefined
  if (textOf(secret, 'usage-bootstrap-signing') !== 'true') return undefined
  const expiresMs = expiryOf(secret)
  if (expiresMs !== undefined && expiresMs <= nowMs) return undefined
  return { id, secret: text }
}
