import { createHash, timingSafeEqual } from 'node:crypto'
import { parseTime, type Clock } from '#base'
import type { Lookup } from '../lookup.ts'
import type { TokenAuthenticator } from './authenticator.ts'
import { groups } from './user.ts'

const secrets = { group: '', resource: 'secrets' }

interface TokenSecret {
  readonly metadata: { readonly deletionTimestamp?: string }
  readonly type?: string
  /** Base64, as secrets hold it. */
  readonly data?: Readonly<Record<string, string>>
}

/**
 * Tokens with which a machine joins a cluster: `<id>.<secret>`, kept as the Secret
 * kube-system/bootstrap-token-<id>. Whatever does not fit gives no opinion, so that nobody learns
 * which part was wrong.
 */
export function bootstrapTokenAuthenticator(lookup: Lookup, clock: Clock): TokenAuthenticator {
  return {
    async authenticateToken(token, audiences) {
      const [, id, secret] = /^([a-z0-9]{6})\.([a-z0-9]{16})$/.exec(token) ?? []
      if (id === undefined || secret === undefined) return undefined
      const found = lookup.get<TokenSecret>(secrets, 'kube-system', `bootstrap-token-${id}`)
      if (found === undefined || found.metadata.deletionTimestamp !== undefined) return undefined
      if (found.type !== 'bootstrap.kubernetes.io/token') return undefined
      const data = reader(found)
      if (!sameSecret(data('token-secret'), secret) || data('token-id') !== id) return undefined
      if (isExpired(data('expiration'), clock.now())) return undefined
      if (data('usage-bootstrap-authentication') !== 'true') return undefined
      const extra = extraGroups(data('auth-extra-groups'))
      if (extra === undefined) return undefined
      const user = {
        name: `system:bootstrap:${id}`,
        uid: '',
        groups: [groups.bootstrappers, ...extra],
        extra: {},
      }
      return { user, audiences }
    },
  }
}

function reader({ data = {} }: TokenSecret): (key: string) => string {
  return (key) =>
    Object.hasOwn(data, key) ? Buffer.from(data[key] ?? '', 'base64').toString('utf8') : ''
}

/** In constant time: how long a comparison takes must not tell how much of a guess is right. */
function sameSecret(held: string, offered: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(held), digest(offered))
}

/** An expiration that cannot be read has passed. */
function isExpired(expiration: string, nowMs: number): boolean {
  if (expiration === '') return false
  const atMs = parseTime(expiration)
  return atMs === undefined || atMs <= nowMs
}

/** Undefined when one of them is outside of what a bootstrap token may grant. */
function extraGroups(text: string): readonly string[] | undefined {
  if (text === '') return []
  const names = [...new Set(text.split(','))].sort()
  const allowed = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/
  return names.every((name) => allowed.test(name)) ? names : undefined
}
