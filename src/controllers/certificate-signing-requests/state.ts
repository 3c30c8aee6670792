import { CertificateSigningRequest, type CertificateSigningRequestCondition } from '#api'
import { formatTime } from '#base'
import { parseSigningRequest, type SigningRequest } from '#pki'
import { asInput } from '../framework/as-input.ts'

export function requestCondition(
  { status }: CertificateSigningRequest,
  type: 'Approved' | 'Denied' | 'Failed',
): CertificateSigningRequestCondition | undefined {
  return status.conditions?.find((condition) => condition.type === type)
}

/** Neither approval nor certificate is taken back, so nobody need look at it again. */
export function isIssued({ status }: CertificateSigningRequest): boolean {
  return (status.certificate ?? '') !== ''
}

/** The PKCS #10 request inside; throws a PkiError where there is none. */
export function readRequest({ spec }: CertificateSigningRequest): SigningRequest {
  return parseSigningRequest(Buffer.from(spec.request ?? '', 'base64').toString())
}

/** Nobody has decided about it yet. */
export function isUndecided(csr: CertificateSigningRequest): boolean {
  return (
    !isIssued(csr) &&
    requestCondition(csr, 'Approved') === undefined &&
    requestCondition(csr, 'Denied') === undefined
  )
}

/** The request as approved by a controller, to be written to its approval. */
export function approved(csr: CertificateSigningRequest, message: string, nowMs: number) {
  const time = formatTime(nowMs)
  const condition = {
    type: 'Approved',
    status: 'True',
    reason: 'AutoApproved',
    message,
    lastUpdateTime: time,
    lastTransitionTime: time,
  }
  const conditions = [...(csr.status.conditions ?? []), condition]
  return asInput(CertificateSigningRequest, { ...csr, status: { ...csr.status, conditions } })
}
