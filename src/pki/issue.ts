import { createHash, type KeyObject } from 'node:crypto'
import type { Random } from '#base'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  AlgorithmIdentifier,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate as CertificateAsn,
  Extension,
  Extensions,
  KeyIdentifier,
  type Name,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Time,
  Validity,
  Version,
} from '@peculiar/asn1-x509'
import { extensionOids, parseCertificate, type Certificate } from './certificate.ts'
import { publicKeyDer, signatureOf, signBytes, type KeyPair } from './keys.ts'
import {
  encodeAlternativeNames,
  encodeName,
  hasAlternativeNames,
  noAlternativeNames,
  type AlternativeNames,
  type Subject,
} from './names.ts'
import { encodeExtendedUsage, encodeKeyUsage, type Usage } from './usages.ts'

/** A certificate with the key it certifies: what a TLS server or client presents. */
export interface Credential {
  readonly certificate: Certificate
  readonly key: KeyPair
}

export interface CertificateTemplate {
  readonly subject: Subject
  readonly publicKey: KeyObject
  readonly usages: readonly Usage[]
  readonly alternativeNames?: Partial<AlternativeNames>
  /** Wall time, milliseconds; certificates keep whole seconds. */
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

/** Signs a leaf certificate. The serial number is 127 random bits. */
export function issueCertificate(
  template: CertificateTemplate,
  issuer: Credential,
  random: Random,
): Certificate {
  return sign(template, nameOf(issuer.certificate), issuer.key.privateKey, random, [
    ...usageExtensions(template.usages),
    extension(extensionOids.basicConstraints, new BasicConstraints({ cA: false }), true),
    ...authorityKeyExtension(issuer.certificate),
  ])
}

/** A self-signed certificate authority over an existing key. */
export function selfSignAuthority(
  template: Omit<CertificateTemplate, 'publicKey' | 'usages'>,
  key: KeyPair,
  random: Random,
): Certificate {
  const usages: readonly Usage[] = ['digital signature', 'key encipherment', 'cert sign']
  const full = { ...template, usages, publicKey: key.publicKey }
  return sign(full, encodeName(template.subject), key.privateKey, random, [
    ...usageExtensions(usages),
    extension(extensionOids.basicConstraints, new BasicConstraints({ cA: true }), true),
    extension(
      extensionOids.subjectKeyId,
      new SubjectKeyIdentifier(keyIdentifier(key.publicKey)),
      false,
    ),
  ])
}

function sign(
  template: CertificateTemplate,
  issuer: Name,
  signer: KeyObject,
  random: Random,
  extensions: Extension[],
): Certificate {
  const names = { ...noAlternativeNames, ...template.alternativeNames }
  if (hasAlternativeNames(names)) {
    // RFC 5280, section 4.2.1.6: with an empty subject the alternative names are the identity.
    const critical = template.subject.commonName === ''
    const value = encodeAlternativeNames(names)
    extensions.push(extension(extensionOids.alternativeNames, value, critical))
  }
  const form = signatureOf(signer)
  const algorithm = new AlgorithmIdentifier({
    algorithm: form.oid,
    ...(form.jose === 'RS256' ? { parameters: null } : {}),
  })
  const validity = new Validity()
  validity.notBefore = timeOf(template.notBeforeMs)
  validity.notAfter = timeOf(template.notAfterMs)
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: serialNumber(random),
    signature: algorithm,
    issuer,
    validity,
    subject: encodeName(template.subject),
    subjectPublicKeyInfo: publicKeyInfo(template.publicKey),
    extensions: new Extensions(extensions),
  })
  const signed = new Uint8Array(AsnConvert.serialize(tbsCertificate))
  const certificate = new CertificateAsn({
    tbsCertificate,
    tbsCertificateRaw: arrayBuffer(signed),
    signatureAlgorithm: algorithm,
    signatureValue: arrayBuffer(signBytes(signer, signed, 'der')),
  })
  return parseCertificate(new Uint8Array(AsnConvert.serialize(certificate)))
}

/** The name as the authority's own certificate spells it: Go compares names byte by byte. */
function nameOf(authority: Certificate): Name {
  return AsnConvert.parse(authority.der, CertificateAsn).tbsCertificate.subject
}

/** A time at whole seconds. The library takes 0 for "no time"; a simulation may well start there. */
function timeOf(atMs: number): Time {
  return new Time(Math.floor(atMs / 1000) * 1000 || 1)
}

function usageExtensions(usages: readonly Usage[]): Extension[] {
  const keyUsage = encodeKeyUsage(usages)
  const extendedUsage = encodeExtendedUsage(usages)
  return [
    ...(keyUsage === undefined ? [] : [extension(extensionOids.keyUsage, keyUsage, true)]),
    ...(extendedUsage === undefined
      ? []
      : [extension(extensionOids.extendedUsage, extendedUsage, false)]),
  ]
}

/** Names the authority's key as its certificate does, however that was computed. */
function authorityKeyExtension({ subjectKeyId }: Certificate): readonly Extension[] {
  if (subjectKeyId === '') return []
  const keyIdentifier = new KeyIdentifier(arrayBuffer(Buffer.from(subjectKeyId, 'hex')))
  const value = new AuthorityKeyIdentifier({ keyIdentifier })
  return [extension(extensionOids.authorityKeyId, value, false)]
}

function extension(extnID: string, value: unknown, critical: boolean): Extension {
  const extnValue = new OctetString(AsnConvert.serialize(value))
  return new Extension({ extnID, critical, extnValue })
}

/** RFC 7093, section 2, method 1: the leftmost 160 bits of the SHA-256 of the key bits. */
function keyIdentifier(publicKey: KeyObject): ArrayBuffer {
  const bits = publicKeyInfo(publicKey).subjectPublicKey
  const digest = createHash('sha256').update(new Uint8Array(bits)).digest()
  return arrayBuffer(digest.subarray(0, 20))
}

export function publicKeyInfo(publicKey: KeyObject): SubjectPublicKeyInfo {
  return AsnConvert.parse(arrayBuffer(publicKeyDer(publicKey)), SubjectPublicKeyInfo)
}

/** Positive, and never with a leading zero byte, so that DER has one spelling for it. */
function serialNumber(random: Random): ArrayBuffer {
  const bytes = random.bytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return arrayBuffer(bytes)
}

export function arrayBuffer(bytes: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.length)
  new Uint8Array(copy).set(bytes)
  return copy
}
