import { formatTime } from '#base'
import type { Certificate } from './certificate.ts'
import { PkiError } from './error.ts'
import type { Usage } from './usages.ts'

export interface VerifyOptions {
  /** Trusted authorities. A leaf is never trusted for being listed here. */
  readonly roots: readonly Certificate[]
  readonly intermediates?: readonly Certificate[]
  readonly atMs: number
  readonly usage: Usage
}

/** Authorities between a leaf and its root, at most: longer chains are not walked. */
const intermediatesMax = 4

/**
 * Finds a chain from the certificate to a root, valid at a time and for a usage (RFC 5280, section
 * 6, without name constraints and policies, which Kubernetes does not use). Returns the chain, leaf
 * first. Throws `Expired`, `NotYetValid`, `WrongUsage` or `UnknownAuthority`, worded as Go words
 * them.
 */
export function verifyCertificate(
  leaf: Certificate,
  options: VerifyOptions,
): readonly Certificate[] {
  checkTime(leaf, options.atMs)
  const chain = findChain([leaf], options)
  if (chain === undefined) {
    throw new PkiError('UnknownAuthority', 'x509: certificate signed by unknown authority')
  }
  if (!chain.every((certificate) => allows(certificate, options.usage))) {
    throw new PkiError('WrongUsage', 'x509: certificate specifies an incompatible key usage')
  }
  return chain
}

function findChain(
  chain: readonly Certificate[],
  options: VerifyOptions,
): readonly Certificate[] | undefined {
  const last = chain[chain.length - 1]
  if (last === undefined) return undefined
  const below = chain.length - 1
  for (const root of options.roots) {
    if (signed(root, last, below, options.atMs)) return [...chain, root]
  }
  if (below >= intermediatesMax) return undefined
  for (const middle of options.intermediates ?? []) {
    if (chain.includes(middle) || !signed(middle, last, below, options.atMs)) continue
    const found = findChain([...chain, middle], options)
    if (found !== undefined) return found
  }
  return undefined
}

/** Whether `issuer` is an authority, valid now, that signed `subject`. */
function signed(issuer: Certificate, subject: Certificate, below: number, atMs: number): boolean {
  if (!issuer.isAuthority || atMs < issuer.notBeforeMs || atMs > issuer.notAfterMs) return false
  if (issuer.keyUsages !== undefined && !issuer.keyUsages.includes('cert sign')) return false
  if (issuer.pathLengthMax !== undefined && below > issuer.pathLengthMax) return false
  return subject.x509.checkIssued(issuer.x509) && subject.x509.verify(issuer.publicKey)
}

function allows(certificate: Certificate, usage: Usage): boolean {
  const { extendedUsages } = certificate
  if (extendedUsages === undefined || extendedUsages.includes('any')) return true
  return extendedUsages.includes(usage)
}

function checkTime(certificate: Certificate, atMs: number): void {
  const expired = 'x509: certificate has expired or is not yet valid: current time'
  if (atMs < certificate.notBeforeMs) {
    const limit = formatTime(certificate.notBeforeMs)
    throw new PkiError('NotYetValid', `${expired} ${formatTime(atMs)} is before ${limit}`)
  }
  if (atMs > certificate.notAfterMs) {
    const limit = formatTime(certificate.notAfterMs)
    throw new PkiError('Expired', `${expired} ${formatTime(atMs)} is after ${limit}`)
  }
}
