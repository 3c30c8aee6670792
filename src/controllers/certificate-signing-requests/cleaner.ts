import { parseTime } from '#base'
import type { CertificateSigningRequest } from '#api'
import { parseCertificates, PkiError } from '#pki'
import { isIssued, requestCondition } from './state.ts'

const hourMs = 60 * 60_000
/** A certificate was fetched by then; a refusal was read. */
const decidedMs = hourMs
const pendingMs = 24 * hourMs

/** Wall time from which on nobody needs the request any more; undefined: it stays. */
export function uselessAtMs(csr: CertificateSigningRequest): number | undefined {
  const times = [decidedAt(csr, 'Denied'), decidedAt(csr, 'Failed')]
  if (isIssued(csr)) times.push(decidedAt(csr, 'Approved'), expiryOf(csr))
  else if ((csr.status.conditions ?? []).length === 0) {
    times.push(later(csr.metadata.creationTimestamp, pendingMs))
  }
  const known = times.filter((at) => at !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}

function decidedAt(
  csr: CertificateSigningRequest,
  type: 'Approved' | 'Denied' | 'Failed',
): number | undefined {
  return later(requestCondition(csr, type)?.lastUpdateTime, decidedMs)
}

function later(time: string | null | undefined, ms: number): number | undefined {
  const at = parseTime(time ?? '')
  return at === undefined ? undefined : at + ms
}

function expiryOf({ status }: CertificateSigningRequest): number | undefined {
  try {
    const pem = Buffer.from(status.certificate ?? '', 'base64').toString()
    return parseCertificates(pem)[0]?.notAfterMs
  } catch (error) {
    if (error instanceof PkiError) return undefined
    throw error
  }
}
