import { errors } from '#machinery'
import type { VerificationKey } from '#pki'

/** The paths others find the keys of service account tokens at (KEP-1393). */
export const openIdPaths = {
  configuration: '/.well-known/openid-configuration',
  keys: '/openid/v1/jwks',
} as const

/** The discovery document of the issuer (OpenID Connect Discovery 1.0, section 3). */
export function openIdConfiguration(options: {
  readonly issuer: string
  readonly keysUri: string
  readonly keys: readonly VerificationKey[]
}): object {
  const algorithms = options.keys.map((key) => webKey(key).alg)
  return {
    issuer: options.issuer,
    jwks_uri: options.keysUri,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [...new Set(algorithms)].sort(),
  }
}

/** The public keys as a JSON Web Key Set (RFC 7517). */
export function openIdKeys(keys: readonly VerificationKey[]): { readonly keys: readonly object[] } {
  return { keys: keys.map(webKey) }
}

function webKey({ id, publicKey }: VerificationKey) {
  const { kty, crv, x, y, n, e } = publicKey.export({ format: 'jwk' })
  const alg = algorithmOf(kty, crv)
  const present = Object.entries({ x, y, n, e }).filter(([, value]) => value !== undefined)
  return {
    use: 'sig',
    kty,
    kid: id,
    ...(crv !== undefined && { crv }),
    alg,
    ...Object.fromEntries(present),
  }
}

function algorithmOf(kty: string | undefined, crv: string | undefined): string {
  if (kty === 'RSA') return 'RS256'
  const found = curves.get(crv ?? '')
  if (found === undefined) throw errors.internalError(new Error(`unknown curve ${crv ?? kty}`))
  return found
}

const curves = new Map([
  ['P-256', 'ES256'],
  ['P-384', 'ES384'],
  ['P-521', 'ES512'],
  ['Ed25519', 'EdDSA'],
])
