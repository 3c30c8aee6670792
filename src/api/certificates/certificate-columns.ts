import { humanDuration } from '#machinery'
import type { CertificateSigningRequestStatus } from './certificate-signing-request.ts'

export function certificateState(status: CertificateSigningRequestStatus): string {
  const types = new Set((status.conditions ?? []).map(({ type }) => type))
  const words = [types.has('Denied') ? 'Denied' : types.has('Approved') ? 'Approved' : 'Pending']
  if (types.has('Failed')) words.push('Failed')
  if (status.certificate !== undefined) words.push('Issued')
  return words.join(',')
}

export function requestedDuration(seconds: number | undefined): string {
  return seconds === undefined ? '<none>' : humanDuration(seconds * 1000)
}
