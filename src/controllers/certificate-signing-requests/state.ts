import type { CertificateSigningRequest, CertificateSigningRequestCondition } from '#api'
import { parseSigningRequest, type SigningRequest } from '#pki'

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
