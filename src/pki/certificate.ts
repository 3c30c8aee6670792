import { createHash, X509Certificate, type KeyObject } from 'node:crypto'
import { AsnConvert, BitString } from '@peculiar/asn1-schema'
import {
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate as CertificateAsn,
  ExtendedKeyUsage,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
} from '@peculiar/asn1-x509'
import { PkiError } from './error.ts'
import {
  decodeAlternativeNames,
  decodeName,
  noAlternativeNames,
  type AlternativeNames,
  type Subject,
} from './names.ts'
import { pemDecode, pemEncode } from './pem.ts'
import { decodeExtendedUsage, decodeKeyUsage, type Usage } from './usages.ts'

/** A parsed X.509 certificate (RFC 5280). Parsed is not verified: see `verifyCertificate`. */
export interface Certificate {
  readonly der: Uint8Array
  readonly pem: string
  readonly subject: Subject
  readonly issuer: Subject
  readonly alternativeNames: AlternativeNames
  /** Lower-case hexadecimal. */
  readonly serialNumber: string
  readonly notBeforeMs: number
  readonly notAfterMs: number
  readonly isAuthority: boolean
  /** How many authorities may stand below this one; undefined is any number. */
  readonly pathLengthMax: number | undefined
  /** Undefined where the certificate does not restrict its key. */
  readonly keyUsages: readonly Usage[] | undefined
  readonly extendedUsages: readonly Usage[] | undefined
  /** Lower-case hexadecimal; empty where the extension is absent. */
  readonly subjectKeyId: string
  readonly authorityKeyId: string
  /** Lower-case hexadecimal SHA-256 of the DER bytes. */
  readonly fingerprint: string
  readonly publicKey: KeyObject
  /** OpenSSL's view of the same bytes: what signatures are checked with. */
  readonly x509: X509Certificate
}

export const extensionOids = {
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  alternativeNames: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyId: '2.5.29.35',
  extendedUsage: '2.5.29.37',
} as const

/** Throws `Malformed`. */
export function parseCertificate(der: Uint8Array): Certificate {
  try {
    const { tbsCertificate: tbs } = AsnConvert.parse(der, CertificateAsn)
    const x509 = new X509Certificate(der)
    const values = new Map<string, ArrayBuffer>()
    for (const { extnID, extnValue } of tbs.extensions ?? []) {
      // RFC 5280, section 4.2: an extension appears once. Two would let two readers disagree.
      if (values.has(extnID)) throw new PkiError('Malformed', `extension ${extnID} appears twice`)
      values.set(extnID, extnValue.buffer)
    }
    const read = <T>(oid: string, type: new () => T): T | undefined => {
      const value = values.get(oid)
      return value === undefined ? undefined : AsnConvert.parse(value, type)
    }
    const constraints = read(extensionOids.basicConstraints, BasicConstraints)
    const keyUsage = read(extensionOids.keyUsage, BitString)
    const extendedUsage = read(extensionOids.extendedUsage, ExtendedKeyUsage)
    const alternativeNames = read(extensionOids.alternativeNames, SubjectAlternativeName)
    const authorityKey = read(extensionOids.authorityKeyId, AuthorityKeyIdentifier)
    return {
      der,
      pem: pemEncode('CERTIFICATE', der),
      subject: decodeName(tbs.subject),
      issuer: decodeName(tbs.issuer),
      alternativeNames:
        alternativeNames === undefined
          ? noAlternativeNames
          : decodeAlternativeNames(alternativeNames),
      serialNumber: x509.serialNumber.toLowerCase(),
      notBeforeMs: tbs.validity.notBefore.getTime().getTime(),
      notAfterMs: tbs.validity.notAfter.getTime().getTime(),
      isAuthority: constraints?.cA ?? false,
      pathLengthMax: constraints?.pathLenConstraint,
      keyUsages: keyUsage && decodeKeyUsage(keyUsage),
      extendedUsages: extendedUsage && decodeExtendedUsage(extendedUsage),
      subjectKeyId: hex(read(extensionOids.subjectKeyId, SubjectKeyIdentifier)?.buffer),
      authorityKeyId: hex(authorityKey?.keyIdentifier?.buffer),
      fingerprint: createHash('sha256').update(der).digest('hex'),
      publicKey: x509.publicKey,
      x509,
    }
  } catch (error) {
    if (error instanceof PkiError) throw error
    throw new PkiError('Malformed', 'the certificate cannot be read', { cause: error })
  }
}

/** Every certificate of a PEM text, in order; other blocks are skipped. */
export function parseCertificates(pem: string): readonly Certificate[] {
  return pemDecode(pem)
    .filter((block) => block.label === 'CERTIFICATE')
    .map((block) => parseCertificate(block.der))
}

function hex(bytes: ArrayBuffer | undefined): string {
  return bytes === undefined ? '' : Buffer.from(bytes).toString('hex')
}
