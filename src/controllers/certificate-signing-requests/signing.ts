import type { Random } from '#base'
import type { CertificateSigningRequest } from '#api'
import { issueCertificate, parseUsage, type Credential } from '#pki'
import { readRequest } from './state.ts'

const minuteMs = 60_000
/** Certificates are dated back, for machines whose clocks lag behind. */
const backdateMs = 5 * minuteMs
/** One that lives shorter than this also ends later by what it is dated back. */
const shortMs = 8 * 60 * minuteMs
const durationMinMs = 10 * minuteMs

/** How long a certificate lives: as long as was asked for, within bounds. */
export function durationMs(expirationSeconds: number | undefined, maxMs: number): number {
  if (expirationSeconds === undefined) return maxMs
  return Math.min(Math.max(expirationSeconds * 1000, durationMinMs), maxMs)
}

/** The certificate as PEM: what was asked for, no longer than its CA lives. */
export function signRequest(
  csr: CertificateSigningRequest,
  options: {
    readonly ca: Credential
    readonly maxMs: number
    readonly nowMs: number
    readonly random: Random
  },
): string {
  const { ca, maxMs, nowMs, random } = options
  const { subject, alternativeNames, publicKey } = readRequest(csr)
  const livesMs = durationMs(csr.spec.expirationSeconds, maxMs)
  const endMs = nowMs + livesMs - (livesMs - backdateMs < shortMs ? 0 : backdateMs)
  const certificate = issueCertificate(
    {
      subject,
      alternativeNames,
      publicKey,
      usages: (csr.spec.usages ?? []).map(parseUsage),
      notBeforeMs: nowMs - backdateMs,
      notAfterMs: Math.min(endMs, ca.certificate.notAfterMs),
    },
    ca,
    random,
  )
  return certificate.pem
}
