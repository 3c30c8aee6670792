import { parseTime, type Clock } from '#base'
import { quote } from '#machinery'
import { parseJwt, PkiError, verifyJwt, type Jwt, type VerificationKey } from '#pki'
import type { Lookup } from '../lookup.ts'
import { CredentialsError, type TokenAuthenticator } from './authenticator.ts'
import {
  decodeBoundClaims,
  decodeLegacyClaims,
  legacyIssuer,
  type BoundClaims,
  type LegacyClaims,
  type ObjectReference,
} from './service-account-claims.ts'
import {
  extraKeys,
  parseServiceAccountUserName,
  serviceAccountGroups,
  serviceAccountUserName,
  type UserInfo,
} from './user.ts'

const accounts = { group: '', resource: 'serviceaccounts' }
const secrets = { group: '', resource: 'secrets' }

export interface ServiceAccountTokenOptions {
  readonly clock: Clock
  readonly lookup: Lookup
  /** Public keys whose signatures count, the present one and those rotated out. */
  readonly keys: () => readonly VerificationKey[]
  /** Accepted issuers of bound tokens; the first one issues. */
  readonly issuers: readonly string[]
  /** What a token without audiences is meant for, and what requests to this server ask for. */
  readonly apiAudiences: readonly string[]
  /** Called for a token used after its warning time; the pipeline annotates the audit event. */
  readonly onStale?: (subject: string, secondsAfterWarning: number) => void
}

/** Clocks differ: a token is not refused for this much, and a deleted object counts for this long. */
const leewayMs = 60_000

/** Tokens whose signature was found good; what they are bound to is checked at every use. */
const verifiedMax = 10_000

/**
 * Tokens of service accounts: bound ones (KEP-1205) and the older ones kept in Secrets. Signatures
 * are checked once per token; expiry, the account and the object the token is bound to are looked
 * up every time, so that deleting a pod, a secret or an account ends its tokens at once.
 */
export class ServiceAccountTokenAuthenticator implements TokenAuthenticator {
  readonly #options: ServiceAccountTokenOptions
  readonly #verified = new Map<string, Jwt>()
  #verifiedWith: readonly VerificationKey[] = []

  constructor(options: ServiceAccountTokenOptions) {
    this.#options = options
  }

  async authenticateToken(token: string, audiences: readonly string[]) {
    const jwt = this.#parse(token)
    const issuer = jwt?.claims['iss']
    const legacy = issuer === legacyIssuer
    if (jwt === undefined || typeof issuer !== 'string') return undefined
    // A token of somebody else may be another authenticator's.
    if (!legacy && !this.#options.issuers.includes(issuer)) return undefined
    this.#verify(token, jwt)
    if (legacy) {
      const claims = decodeLegacyClaims(jwt.claims)
      const matching = this.#matchAudiences(claims.audiences, audiences)
      return { user: this.#legacyUser(token, claims), audiences: matching }
    }
    const claims = decodeBoundClaims(jwt.claims)
    if (claims === undefined) {
      throw new CredentialsError('service account token claims could not be validated')
    }
    const matching = this.#matchAudiences(claims.audiences, audiences)
    return { user: this.#boundUser(claims), audiences: matching }
  }

  #parse(token: string): Jwt | undefined {
    const known = this.#verified.get(token)
    if (known !== undefined) return known
    try {
      return parseJwt(token)
    } catch (error) {
      if (error instanceof PkiError) return undefined
      throw error
    }
  }

  #verify(token: string, jwt: Jwt): void {
    const keys = this.#options.keys()
    if (keys !== this.#verifiedWith) {
      this.#verified.clear()
      this.#verifiedWith = keys
    }
    if (this.#verified.has(token)) return
    try {
      verifyJwt(jwt, keys)
    } catch (error) {
      throw new CredentialsError('invalid signature of a service account token', { cause: error })
    }
    if (this.#verified.size >= verifiedMax) this.#verified.clear()
    this.#verified.set(token, jwt)
  }

  #matchAudiences(ofToken: readonly string[], asked: readonly string[]): readonly string[] {
    const { apiAudiences } = this.#options
    const meant = ofToken.length === 0 ? apiAudiences : ofToken
    const wanted = asked.length === 0 ? apiAudiences : asked
    const matching = meant.filter((audience) => wanted.includes(audience))
    if (matching.length > 0) return matching
    const list = (values: readonly string[]) => `[${values.map(quote).join(' ')}]`
    throw new CredentialsError(
      `token audiences ${list(meant)} is invalid for the target audiences ${list(wanted)}`,
    )
  }

  #boundUser(claims: BoundClaims): UserInfo {
    this.#checkTimes(claims)
    const { namespace, serviceAccount, pod, secret, node } = claims
    const live = new LiveObjects(this.#options.lookup, this.#options.clock.now() - leewayMs)
    const subject = serviceAccountUserName(namespace, serviceAccount.name)
    if (claims.subject !== subject) throw new CredentialsError('sub claim is invalid')
    live.mustHaveAccount(namespace, serviceAccount)
    if (secret !== undefined) live.mustHave('secret', namespace, secret)
    if (pod !== undefined) live.mustHave('pod', namespace, pod)
    // The node of a pod's token is information; a token bound to a node itself depends on it.
    else if (node !== undefined) live.mustHave('node', '', node)
    this.#noteStale(claims)
    return serviceAccountUser(namespace, serviceAccount, { pod, node, credentialId: claims.id })
  }

  #checkTimes({ expiresAt, notBefore, issuedAt }: BoundClaims): void {
    const nowMs = this.#options.clock.now()
    if (notBefore !== undefined && nowMs + leewayMs < notBefore * 1000) {
      throw new CredentialsError('service account token is not valid yet')
    }
    if (expiresAt === undefined || nowMs - leewayMs > expiresAt * 1000) {
      throw new CredentialsError('service account token has expired')
    }
    if (issuedAt !== undefined && nowMs + leewayMs < issuedAt * 1000) {
      throw new CredentialsError('service account token is issued in the future')
    }
  }

  #noteStale({ subject, warnAfter }: BoundClaims): void {
    const nowSeconds = Math.floor(this.#options.clock.now() / 1000)
    if (warnAfter !== undefined && nowSeconds > warnAfter) {
      this.#options.onStale?.(subject, nowSeconds - warnAfter)
    }
  }

  #legacyUser(token: string, claims: LegacyClaims): UserInfo {
    const { namespace, serviceAccountName: name, serviceAccountUid: uid, secretName } = claims
    for (const [claim, value] of [
      ['sub', claims.subject],
      ['namespace', namespace],
      ['secretName', secretName],
      ['serviceAccountName', name],
      ['serviceAccountUID', uid],
    ] as const) {
      if (value === '') throw new CredentialsError(`${claim} claim is missing`)
    }
    const subject = parseServiceAccountUserName(claims.subject)
    if (subject?.namespace !== namespace || subject.name !== name) {
      throw new CredentialsError('sub claim is invalid')
    }
    const live = new LiveObjects(this.#options.lookup, this.#options.clock.now())
    live.mustHaveLegacySecret(namespace, secretName, name, token)
    live.mustHaveAccount(namespace, { name, uid })
    return serviceAccountUser(namespace, { name, uid }, {})
  }
}

/** The user a service account is, with what its token is bound to as extra values. */
export function serviceAccountUser(
  namespace: string,
  { name, uid }: ObjectReference,
  bound: {
    readonly pod?: ObjectReference | undefined
    readonly node?: ObjectReference | undefined
    readonly credentialId?: string
  },
): UserInfo {
  const { pod, node, credentialId = '' } = bound
  return {
    name: serviceAccountUserName(namespace, name),
    uid,
    groups: serviceAccountGroups(namespace),
    extra: {
      ...(credentialId !== '' && { [extraKeys.credentialId]: [`JTI=${credentialId}`] }),
      ...(node !== undefined && { [extraKeys.nodeName]: [node.name] }),
      ...(node !== undefined && node.uid !== '' && { [extraKeys.nodeUid]: [node.uid] }),
      ...(pod !== undefined && {
        [extraKeys.podName]: [pod.name],
        [extraKeys.podUid]: [pod.uid],
      }),
    },
  }
}

interface LiveObject {
  readonly metadata: {
    readonly uid: string
    readonly deletionTimestamp?: string
    readonly labels?: Readonly<Record<string, string>>
  }
}

interface TokenSecret extends LiveObject {
  readonly data?: Readonly<Record<string, string>>
}

const invalidated = 'service account token has been invalidated'
const invalidSinceLabel = 'kubernetes.io/legacy-token-invalid-since'

/** The objects tokens depend on. One being deleted counts until the moment given. */
class LiveObjects {
  readonly #lookup: Lookup
  readonly #deletedBeforeMs: number

  constructor(lookup: Lookup, deletedBeforeMs: number) {
    this.#lookup = lookup
    this.#deletedBeforeMs = deletedBeforeMs
  }

  mustHaveAccount(namespace: string, { name, uid }: ObjectReference): void {
    const account = this.#lookup.get<LiveObject>(accounts, namespace, name)
    if (account === undefined) {
      throw new CredentialsError(`serviceaccounts ${quote(name)} not found`)
    }
    if (account.metadata.uid !== uid) {
      const found = account.metadata.uid
      throw new CredentialsError(`service account UID (${found}) does not match claim (${uid})`)
    }
    if (this.#isGone(account)) {
      throw new CredentialsError(`service account ${namespace}/${name} has been deleted`)
    }
  }

  mustHave(
    kind: 'pod' | 'secret' | 'node',
    namespace: string,
    { name, uid }: ObjectReference,
  ): void {
    const object = this.#lookup.get<LiveObject>(
      { group: '', resource: `${kind}s` },
      namespace,
      name,
    )
    if (object === undefined) throw new CredentialsError(invalidated)
    if (object.metadata.uid !== uid) {
      throw new CredentialsError(
        `${kind} UID (${object.metadata.uid}) does not match service account ${kind} ref claim (${uid})`,
      )
    }
    if (this.#isGone(object)) throw new CredentialsError(invalidated)
  }

  mustHaveLegacySecret(namespace: string, name: string, account: string, token: string): void {
    const secret = this.#lookup.get<TokenSecret>(secrets, namespace, name)
    if (secret === undefined || secret.metadata.deletionTimestamp !== undefined) {
      throw new CredentialsError(invalidated)
    }
    const { data = {} } = secret
    const kept = Object.hasOwn(data, 'token') ? (data['token'] ?? '') : ''
    if (Buffer.from(kept, 'base64').toString('utf8') !== token) {
      throw new CredentialsError("service account token does not match server's copy")
    }
    if (Object.hasOwn(secret.metadata.labels ?? {}, invalidSinceLabel)) {
      throw new CredentialsError(
        `the token in secret ${namespace}/${name} for service account ${namespace}/${account} has been marked invalid. Use tokens from the TokenRequest API or manually created secret-based tokens, or remove the '${invalidSinceLabel}' label from the secret to temporarily allow use of this token`,
      )
    }
  }

  #isGone({ metadata }: LiveObject): boolean {
    if (metadata.deletionTimestamp === undefined) return false
    return (parseTime(metadata.deletionTimestamp) ?? 0) < this.#deletedBeforeMs
  }
}
