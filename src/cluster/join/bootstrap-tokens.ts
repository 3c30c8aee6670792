import { Secret } from '#api'
import { formatTime, parseTime, type Clock, type Random } from '#base'
import type { Client } from '#client'
import { hasReason } from '#machinery'
import { joiners } from '../addons/objects.ts'
import { ClusterError } from '../error.ts'

/** A token of the cluster as lists show it: without its secret. */
export interface BootstrapToken {
  readonly id: string
  /** Wall time; undefined: never. */
  readonly expiresMs: number | undefined
  /** Upstream's words: authentication, signing. */
  readonly usages: readonly string[]
  readonly description: string
  readonly extraGroups: readonly string[]
}

export interface NewToken {
  /** 0: it does not expire. */
  readonly ttlMs: number
  readonly description?: string | undefined
}

const namespace = 'kube-system'
const type = 'bootstrap.kubernetes.io/token'
const namePrefix = 'bootstrap-token-'
const usagePrefix = 'usage-bootstrap-'
const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789'

/** Makes a token that lets machines join. Nobody but the Secret and the caller knows its secret. */
export async function createBootstrapToken(
  client: Client,
  { ttlMs, description = '' }: NewToken,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): Promise<{ readonly id: string; readonly secret: string }> {
  const [id, secret] = [letters(6, random), letters(16, random)]
  await client.resource(Secret).create({
    metadata: { name: `${namePrefix}${id}`, namespace },
    type,
    stringData: {
      'token-id': id,
      'token-secret': secret,
      [`${usagePrefix}authentication`]: 'true',
      [`${usagePrefix}signing`]: 'true',
      'auth-extra-groups': joiners,
      ...(description === '' ? {} : { description }),
      ...(ttlMs === 0 ? {} : { expiration: formatTime(clock.now() + ttlMs) }),
    },
  })
  return { id, secret }
}

/** Every token there is, those that others made and those that have expired included. */
export async function listBootstrapTokens(client: Client): Promise<readonly BootstrapToken[]> {
  const secrets = client.resource(Secret).namespace(namespace)
  const { items } = await secrets.list({ fieldSelector: `type=${type}` })
  return items.flatMap(({ metadata, data = {} }) => {
    const text = (key: string) => Buffer.from(data[key] ?? '', 'base64').toString()
    const id = text('token-id')
    if (metadata.name !== `${namePrefix}${id}`) return []
    const usages = Object.keys(data).filter(
      (key) => key.startsWith(usagePrefix) && text(key) === 'true',
    )
    const expiration = text('expiration')
    return {
      id,
      // A time that nobody can read has passed, as for the API server.
      expiresMs: expiration === '' ? undefined : (parseTime(expiration) ?? 0),
      usages: usages.map((usage) => usage.slice(usagePrefix.length)).sort(),
      description: text('description'),
      extraGroups: text('auth-extra-groups')
        .split(',')
        .filter((group) => group !== ''),
    }
  })
}

/** Rejects with a ClusterError where there is no such token. */
export async function deleteBootstrapToken(client: Client, id: string): Promise<void> {
  if (!/^[a-z0-9]{6}$/.test(id)) {
    throw new ClusterError(`the id of a token has six letters and digits, unlike "${id}"`)
  }
  try {
    await client.resource(Secret).namespace(namespace).delete(`${namePrefix}${id}`)
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error
    throw new ClusterError(`there is no token ${id}: k8ts token list shows those there are`, {
      cause: error,
    })
  }
}

function letters(count: number, random: Random): string {
  let text = ''
  for (let i = 0; i < count; i++) text += alphabet[random.integer(alphabet.length)]
  return text
}
