import type { Clock, Random } from '#base'
import { errors, quote, type GroupResource } from '#machinery'
import { keyId, signJwt, type KeyPair } from '#pki'
import type { Lookup } from '../lookup.ts'
import {
  encodeBoundClaims,
  encodeLegacyClaims,
  type ObjectReference,
} from './service-account-claims.ts'
import { serviceAccountUserName } from './user.ts'

const pods = { group: '', resource: 'pods' }
const secrets = { group: '', resource: 'secrets' }
const nodes = { group: '', resource: 'nodes' }

export interface TokenIssuerOptions {
  readonly clock: Clock
  readonly random: Random
  readonly lookup: Lookup
  readonly key: KeyPair
  readonly issuer: string
  readonly apiAudiences: readonly string[]
  /** Longer requests are cut to it; 0 is no limit. */
  readonly expirationSecondsMax?: number
}

export interface ServiceAccountIdentity {
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

/** `spec.boundObjectRef` of a TokenRequest. */
export interface BoundObjectReference {
  readonly kind: string
  readonly apiVersion: string
  readonly name: string
  readonly uid?: string
}

export interface TokenIssueRequest {
  readonly serviceAccount: ServiceAccountIdentity
  /** Empty is the API server itself. */
  readonly audiences: readonly string[]
  readonly expirationSeconds: number
  readonly boundObject: BoundObjectReference | undefined
}

export interface IssuedToken {
  readonly token: string
  readonly audiences: readonly string[]
  /** What the client is told: when it should have asked again. */
  readonly expiresAtMs: number
  readonly expirationSeconds: number
  /** `JTI=…`, for the audit annotation `authentication.kubernetes.io/issued-credential-id`. */
  readonly credentialId: string
}

/**
 * The lifetime that kubelets of old ask for. Tokens of pods asked for with it live a year, and warn
 * after it: programs that read their token once keep working while their users are told.
 */
const warnOnlySeconds = 3607
const extendedSeconds = 365 * 24 * 60 * 60

/**
 * Makes tokens of service accounts (KEP-1205). Whether the caller may have one, and the shape of the
 * request, are checked before; what a token is bound to is checked here.
 */
export class TokenIssuer {
  readonly #options: TokenIssuerOptions
  readonly #keyId: string

  constructor(options: TokenIssuerOptions) {
    this.#options = options
    this.#keyId = keyId(options.key.publicKey)
  }

  /** Throws the StatusError the API answers: NotFound, Conflict or BadRequest. */
  issue(request: TokenIssueRequest): IssuedToken {
    const { clock, random, key, issuer, apiAudiences, expirationSecondsMax = 0 } = this.#options
    const { serviceAccount, boundObject } = request
    const audiences = request.audiences.length === 0 ? apiAudiences : request.audiences
    const bound = boundObject && this.#bind(serviceAccount, boundObject)
    const expirationSeconds =
      expirationSecondsMax > 0
        ? Math.min(request.expirationSeconds, expirationSecondsMax)
        : request.expirationSeconds
    const extended =
      expirationSeconds === warnOnlySeconds &&
      bound?.pod !== undefined &&
      audiences.length > 0 &&
      audiences.every((audience) => apiAudiences.includes(audience))
    const now = Math.floor(clock.now() / 1000)
    const id = random.uuid()
    const claims = encodeBoundClaims(issuer, {
      subject: serviceAccountUserName(serviceAccount.namespace, serviceAccount.name),
      audiences,
      expiresAt: now + (extended ? extendedSeconds : expirationSeconds),
      notBefore: now,
      issuedAt: now,
      id,
      namespace: serviceAccount.namespace,
      serviceAccount: { name: serviceAccount.name, uid: serviceAccount.uid },
      pod: bound?.pod,
      node: bound?.node,
      secret: bound?.secret,
      warnAfter: extended ? now + expirationSeconds : undefined,
    })
    return {
      token: signJwt(key.privateKey, this.#keyId, claims),
      audiences,
      expiresAtMs: (now + expirationSeconds) * 1000,
      expirationSeconds,
      credentialId: `JTI=${id}`,
    }
  }

  /** The token kept in a Secret of type kubernetes.io/service-account-token; it does not expire. */
  issueLegacy(serviceAccount: ServiceAccountIdentity, secretName: string): string {
    const { namespace, name, uid } = serviceAccount
    const claims = encodeLegacyClaims({
      subject: serviceAccountUserName(namespace, name),
      audiences: [],
      namespace,
      serviceAccountName: name,
      serviceAccountUid: uid,
      secretName,
    })
    return signJwt(this.#options.key.privateKey, this.#keyId, claims)
  }

  #bind(account: ServiceAccountIdentity, reference: BoundObjectReference): Binding {
    const { kind, apiVersion } = reference
    switch (`${apiVersion}, Kind=${kind}`) {
      case 'v1, Kind=Pod':
        return this.#bindPod(account, reference)
      case 'v1, Kind=Secret':
        return { secret: this.#bound(secrets, account.namespace, reference) }
      case 'v1, Kind=Node':
        return { node: this.#bound(nodes, '', reference) }
      default:
        throw errors.badRequest(
          `cannot bind token to object of type ${groupVersionText(apiVersion)}, Kind=${kind}`,
        )
    }
  }

  #bindPod(account: ServiceAccountIdentity, reference: BoundObjectReference): Binding {
    const pod = this.#bound(pods, account.namespace, reference)
    const found = this.#options.lookup.get<PodSpec>(pods, account.namespace, reference.name)
    const { serviceAccountName = '', nodeName = '' } = found?.spec ?? {}
    if (serviceAccountName !== account.name) {
      throw errors.badRequest(
        `cannot bind token for serviceaccount ${quote(account.name)} to pod running with different serviceaccount name.`,
      )
    }
    if (nodeName === '') return { pod }
    const node = this.#options.lookup.get<Identified>(nodes, '', nodeName)
    return { pod, node: { name: nodeName, uid: node?.metadata.uid ?? '' } }
  }

  #bound(
    resource: GroupResource,
    namespace: string,
    reference: BoundObjectReference,
  ): ObjectReference {
    const { name, uid = '', kind } = reference
    const object = this.#options.lookup.get<Identified>(resource, namespace, name)
    if (object === undefined) throw errors.notFound(resource, name)
    const found = object.metadata.uid
    if (uid !== '' && uid !== found) {
      throw errors.conflict(
        { group: '', resource: kind },
        name,
        `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
      )
    }
    return { name, uid: found }
  }
}

interface Binding {
  readonly pod?: ObjectReference
  readonly node?: ObjectReference
  readonly secret?: ObjectReference
}

interface Identified {
  readonly metadata: { readonly uid: string }
}

interface PodSpec {
  readonly spec: { readonly serviceAccountName?: string; readonly nodeName?: string }
}

/** As Go prints a GroupVersionKind: the core group leaves its slash. */
function groupVersionText(apiVersion: string): string {
  return apiVersion.includes('/') ? apiVersion : `/${apiVersion}`
}
