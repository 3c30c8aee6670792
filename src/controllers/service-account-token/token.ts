import type { Secret, ServiceAccount } from '#api'
import { signJwt, type KeyPair } from '#pki'

export const tokenSecretType = 'kubernetes.io/service-account-token'
const nameAnnotation = 'kubernetes.io/service-account.name'
const uidAnnotation = 'kubernetes.io/service-account.uid'

export interface TokenSigner {
  readonly key: KeyPair
  readonly keyId: string
  /** PEM, '' for none. */
  readonly rootCa: string
}

/** The service account a secret says it belongs to; no uid: any of that name. */
export function accountOf({ metadata }: Secret): { readonly name: string; readonly uid: string } {
  const { annotations = {} } = metadata
  return { name: annotations[nameAnnotation] ?? '', uid: annotations[uidAnnotation] ?? '' }
}

export function belongsTo(secret: Secret, account: ServiceAccount): boolean {
  const { name, uid } = accountOf(secret)
  return name === account.metadata.name && (uid === '' || uid === account.metadata.uid)
}

/** The secret with all that belongs into it; the same one where nothing is missing. */
export function filled(secret: Secret, account: ServiceAccount, signer: TokenSigner): Secret {
  const { data = {}, metadata } = secret
  const missing: Record<string, string> = {}
  const ca = base64(signer.rootCa)
  if (signer.rootCa !== '' && data['ca.crt'] !== ca) missing['ca.crt'] = ca
  const namespace = metadata.namespace ?? ''
  if ((data['namespace'] ?? '') === '') missing['namespace'] = base64(namespace)
  if ((data['token'] ?? '') === '') missing['token'] = base64(issueToken(secret, account, signer))
  if (Object.keys(missing).length === 0) return secret
  const annotations = {
    ...metadata.annotations,
    [nameAnnotation]: account.metadata.name ?? '',
    [uidAnnotation]: account.metadata.uid ?? '',
  }
  return { ...secret, metadata: { ...metadata, annotations }, data: { ...data, ...missing } }
}

/** A token that does not expire but with its secret (the form of old, before KEP-1205). */
function issueToken(secret: Secret, account: ServiceAccount, { key, keyId }: TokenSigner): string {
  const { namespace = '', name = '', uid = '' } = account.metadata
  const prefix = 'kubernetes.io/serviceaccount'
  return signJwt(key.privateKey, keyId, {
    iss: 'kubernetes/serviceaccount',
    [`${prefix}/namespace`]: namespace,
    [`${prefix}/secret.name`]: secret.metadata.name,
    [`${prefix}/service-account.name`]: name,
    [`${prefix}/service-account.uid`]: uid,
    sub: `system:serviceaccount:${namespace}:${name}`,
  })
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
