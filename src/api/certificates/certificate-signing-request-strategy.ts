import { formatTime } from '#base'
import { mutable, type StrategyContext, type Whole, type WholeDraft } from '#machinery'
import type { CertificateSigningRequestSchema } from './certificate-signing-request.ts'

type Request = Whole<typeof CertificateSigningRequestSchema>
type Draft = WholeDraft<typeof CertificateSigningRequestSchema>

/** Who asks is who is authenticated, whatever the request claims. */
export function prepareForCreate(draft: Draft, { user }: StrategyContext): void {
  const { request, signerName, expirationSeconds, usages } = draft.spec
  draft.spec = {
    request,
    signerName,
    ...(expirationSeconds === undefined ? {} : { expirationSeconds }),
    ...(usages === undefined ? {} : { usages }),
    username: user.name,
    uid: user.uid,
    groups: [...user.groups],
    extra: mutable(user.extra),
  }
}

export function prepareForUpdate(draft: Draft, old: Request): void {
  draft.spec = mutable(old.spec)
}

/** Only the conditions come from the request. */
export function prepareForApproval(draft: Draft, old: Request, context: StrategyContext): void {
  const { conditions } = draft.status
  draft.spec = mutable(old.spec)
  draft.status = mutable(old.status)
  if (conditions === undefined) delete draft.status.conditions
  else draft.status.conditions = conditions
  dateConditions(draft, old, context)
}

/** A signer writes the certificate and its own conditions; the decision stays as it was. */
export function prepareForSigning(draft: Draft, old: Request, context: StrategyContext): void {
  draft.spec = mutable(old.spec)
  for (const type of ['Approved', 'Denied']) keepConditions(draft, old, type)
  dateConditions(draft, old, context)
}

/** One that was added or removed is left for validation to refuse. */
function keepConditions({ status }: Draft, old: Request, type: string): void {
  const conditions = status.conditions ?? []
  const before = (old.status.conditions ?? []).filter((condition) => condition.type === type)
  if (conditions.filter((condition) => condition.type === type).length !== before.length) return
  for (const condition of conditions) {
    if (condition.type === type) Object.assign(condition, before.shift())
  }
}

function dateConditions({ status }: Draft, old: Request, { nowMs }: StrategyContext): void {
  const now = formatTime(nowMs)
  for (const condition of status.conditions ?? []) {
    const before = old.status.conditions?.find(
      ({ type, status: value, lastTransitionTime }) =>
        type === condition.type && value === condition.status && lastTransitionTime !== null,
    )
    condition.lastUpdateTime ??= now
    condition.lastTransitionTime ??= before?.lastTransitionTime ?? now
  }
}
