import type { JwtClaims } from '#pki'

/** Who issued the tokens kept in Secrets, before tokens were bound (KEP-1205). */
export const legacyIssuer = 'kubernetes/serviceaccount'

/** The object a token lives and dies with. */
export interface ObjectReference {
  readonly name: string
  readonly uid: string
}

/** The claims of a bound token that are read here (KEP-1205, KEP-4193), narrowed. Times in seconds. */
export interface BoundClaims {
  readonly subject: string
  readonly audiences: readonly string[]
  readonly expiresAt: number | undefined
  readonly notBefore: number | undefined
  readonly issuedAt: number | undefined
  readonly id: string
  readonly namespace: string
  readonly serviceAccount: ObjectReference
  readonly pod: ObjectReference | undefined
  readonly node: ObjectReference | undefined
  readonly secret: ObjectReference | undefined
  readonly warnAfter: number | undefined
}

/** The claims of a legacy token; all of them must be there. */
export interface LegacyClaims {
  readonly subject: string
  readonly audiences: readonly string[]
  readonly namespace: string
  readonly serviceAccountName: string
  readonly serviceAccountUid: string
  readonly secretName: string
}

/** The claims of a new token as JSON, keys in the order Go writes them. */
export function encodeBoundClaims(issuer: string, claims: BoundClaims): JwtClaims {
  const { pod, node, secret, warnAfter } = claims
  return {
    aud: claims.audiences,
    exp: claims.expiresAt,
    iat: claims.issuedAt,
    iss: issuer,
    jti: claims.id,
    'kubernetes.io': {
      namespace: claims.namespace,
      ...(node && { node }),
      ...(pod && { pod }),
      ...(secret && { secret }),
      serviceaccount: claims.serviceAccount,
      ...(warnAfter !== undefined && { warnafter: warnAfter }),
    },
    nbf: claims.notBefore,
    sub: claims.subject,
  }
}

/** Undefined when a claim is missing that makes it the token of a service account. */
export function decodeBoundClaims(claims: JwtClaims): BoundClaims | undefined {
  const own = record(claims['kubernetes.io'])
  const serviceAccount = reference(own?.['serviceaccount'])
  const namespace = text(own?.['namespace'])
  const subject = text(claims['sub'])
  if (own === undefined || serviceAccount === undefined || namespace === '') return undefined
  return {
    subject,
    audiences: texts(claims['aud']),
    expiresAt: seconds(claims['exp']),
    notBefore: seconds(claims['nbf']),
    issuedAt: seconds(claims['iat']),
    id: text(claims['jti']),
    namespace,
    serviceAccount,
    pod: reference(own['pod']),
    node: reference(own['node']),
    secret: reference(own['secret']),
    warnAfter: seconds(own['warnafter']),
  }
}

export function encodeLegacyClaims(claims: LegacyClaims): JwtClaims {
  return {
    iss: legacyIssuer,
    'kubernetes.io/serviceaccount/namespace': claims.namespace,
    'kubernetes.io/serviceaccount/secret.name': claims.secretName,
    'kubernetes.io/serviceaccount/service-account.name': claims.serviceAccountName,
    'kubernetes.io/serviceaccount/service-account.uid': claims.serviceAccountUid,
    sub: claims.subject,
  }
}

export function decodeLegacyClaims(claims: JwtClaims): LegacyClaims {
  return {
    subject: text(claims['sub']),
    audiences: texts(claims['aud']),
    namespace: text(claims['kubernetes.io/serviceaccount/namespace']),
    serviceAccountName: text(claims['kubernetes.io/serviceaccount/service-account.name']),
    serviceAccountUid: text(claims['kubernetes.io/serviceaccount/service-account.uid']),
    secretName: text(claims['kubernetes.io/serviceaccount/secret.name']),
  }
}

function record(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  // Without a prototype a missing claim cannot be found on Object.prototype.
  return Object.assign(Object.create(null), value)
}

function reference(value: unknown): ObjectReference | undefined {
  const found = record(value)
  return found && { name: text(found['name']), uid: text(found['uid']) }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function texts(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

function seconds(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}
