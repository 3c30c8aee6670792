import { ServiceAccount, type Pod, type ServiceAccountTokenProjection } from '#api'
import { parseTime, type Clock } from '#base'
import type { Client } from '#client'
import { uidOf } from '../pods/observed.ts'

interface Token {
  readonly text: string
  readonly renewAtMs: number
}

/** Tokens are renewed after four fifths of their life, and a day at the latest. */
const lifePart = 0.8
const ageMaxMs = 24 * 3_600_000

/** Tokens of pods' service accounts, bound to their pods, asked for when they are due. */
export class ServiceAccountTokens {
  readonly #client: Client
  readonly #clock: Clock
  readonly #tokens = new Map<string, Token>()

  constructor(client: Client, clock: Clock) {
    this.#client = client
    this.#clock = clock
  }

  /** Has a token ready for `get`; asks for a new one where there is none or it is old. */
  async refresh(pod: Pod, projection: ServiceAccountTokenProjection): Promise<void> {
    const key = keyOf(pod, projection)
    const known = this.#tokens.get(key)
    const now = this.#clock.now()
    if (known !== undefined && now < known.renewAtMs) return
    const { name = '', namespace = '' } = pod.metadata
    const { audience, expirationSeconds } = projection
    const answer = await this.#client
      .resource(ServiceAccount)
      .namespace(namespace)
      .subresource<TokenAnswer>('token')
      .create(pod.spec.serviceAccountName ?? 'default', {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: {
          audiences: audience === undefined || audience === '' ? [] : [audience],
          expirationSeconds,
          boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid: uidOf(pod) },
        },
      })
    const { token, expirationTimestamp } = answer.status
    const lifeMs = (parseTime(expirationTimestamp) ?? now) - now
    this.#tokens.set(key, { text: token, renewAtMs: now + Math.min(lifeMs * lifePart, ageMaxMs) })
  }

  get(pod: Pod, projection: ServiceAccountTokenProjection): string {
    return this.#tokens.get(keyOf(pod, projection))?.text ?? ''
  }

  forget(podUid: string): void {
    for (const key of this.#tokens.keys()) {
      if (key.startsWith(`${podUid}/`)) this.#tokens.delete(key)
    }
  }
}

interface TokenAnswer {
  readonly status: { readonly token: string; readonly expirationTimestamp: string }
}

function keyOf(pod: Pod, { audience = '', expirationSeconds }: ServiceAccountTokenProjection) {
  return `${uidOf(pod)}/${expirationSeconds ?? ''}/${audience}`
}
