import { equalJson, type Whole, type WholeDraft } from '#machinery'
import type { ServiceAccountSchema } from './service-account.ts'

type ServiceAccount = Whole<typeof ServiceAccountSchema>

/** Secrets are of the account's namespace, so their name says all. */
export function keepSecretNames(draft: WholeDraft<typeof ServiceAccountSchema>): void {
  draft.secrets = draft.secrets?.map(({ name }) => (name === undefined ? {} : { name })) ?? []
}

const enforceSecrets = 'kubernetes.io/enforce-mountable-secrets'

export function serviceAccountWarnings(
  { metadata }: ServiceAccount,
  old: ServiceAccount | undefined,
): readonly string[] {
  const value = metadata.annotations?.[enforceSecrets]
  if (value === undefined || equalJson(value, old?.metadata.annotations?.[enforceSecrets])) {
    return []
  }
  return [
    `metadata.annotations[${enforceSecrets}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`,
  ]
}
