import { createPublicKey, verify, type KeyObject } from 'node:crypto'
import { Attributes, CertificationRequest, CertificationRequestInfo } from '@peculiar/asn1-csr'
import { AsnConvert, BitString, OctetString } from '@peculiar/asn1-schema'
import {
  AlgorithmIdentifier,
  Attribute,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  SubjectAlternativeName,
} from '@peculiar/asn1-x509'
import { extensionOids } from './certificate.ts'
import { PkiError } from './error.ts'
import { arrayBuffer, publicKeyInfo } from './issue.ts'
import { signatureOf, signBytes, type KeyPair } from './keys.ts'
import {
  decodeAlternativeNames,
  decodeName,
  encodeAlternativeNames,
  encodeName,
  hasAlternativeNames,
  noAlternativeNames,
  type AlternativeNames,
  type Subject,
} from './names.ts'
import { pemDecode, pemEncode } from './pem.ts'
import { decodeExtendedUsage, decodeKeyUsage, type Usage } from './usages.ts'

/** A certificate signing request (PKCS #10, RFC 2986) whose own signature has been checked. */
export interface SigningRequest {
  readonly subject: Subject
  readonly alternativeNames: AlternativeNames
  readonly publicKey: KeyObject
  /** What the request itself asks for; the API object's `spec.usages` is what signers go by. */
  readonly usages: readonly Usage[]
}

/** PKCS #9's extensionRequest. */
const extensionRequestOid = '1.2.840.113549.1.9.14'

/** A signed request as a `CERTIFICATE REQUEST` block. */
export function createSigningRequest(
  key: KeyPair,
  subject: Subject,
  names: Partial<AlternativeNames> = {},
): string {
  const alternativeNames = { ...noAlternativeNames, ...names }
  const form = signatureOf(key.privateKey)
  const certificationRequestInfo = new CertificationRequestInfo({
    version: 0,
    subject: encodeName(subject),
    subjectPKInfo: publicKeyInfo(key.publicKey),
    attributes: new Attributes(
      hasAlternativeNames(alternativeNames) ? [extensionRequest(alternativeNames)] : [],
    ),
  })
  const signed = new Uint8Array(AsnConvert.serialize(certificationRequestInfo))
  const request = new CertificationRequest({
    certificationRequestInfo,
    certificationRequestInfoRaw: arrayBuffer(signed),
    signatureAlgorithm: new AlgorithmIdentifier({
      algorithm: form.oid,
      ...(form.jose === 'RS256' ? { parameters: null } : {}),
    }),
    signature: arrayBuffer(signBytes(key.privateKey, signed, 'der')),
  })
  return pemEncode('CERTIFICATE REQUEST', new Uint8Array(AsnConvert.serialize(request)))
}

function extensionRequest(names: AlternativeNames): Attribute {
  const extnValue = new OctetString(AsnConvert.serialize(encodeAlternativeNames(names)))
  const extension = new Extension({ extnID: extensionOids.alternativeNames, extnValue })
  const values = [AsnConvert.serialize(new Extensions([extension]))]
  return new Attribute({ type: extensionRequestOid, values })
}

/**
 * Reads the first block of a PEM text, which must be a `CERTIFICATE REQUEST`, and checks that
 * whoever made it holds the key. Throws `Malformed` or `BadSignature`.
 */
export function parseSigningRequest(pem: string): SigningRequest {
  const [block] = pemDecode(pem)
  if (block === undefined || block.label !== 'CERTIFICATE REQUEST') {
    throw new PkiError('Malformed', 'PEM block type must be CERTIFICATE REQUEST')
  }
  try {
    return readRequest(AsnConvert.parse(block.der, CertificationRequest))
  } catch (error) {
    if (error instanceof PkiError) throw error
    throw new PkiError('Malformed', 'the signing request cannot be read', { cause: error })
  }
}

function readRequest(request: CertificationRequest): SigningRequest {
  const info = request.certificationRequestInfo
  const key = Buffer.from(AsnConvert.serialize(info.subjectPKInfo))
  const publicKey = createPublicKey({ key, format: 'der', type: 'spki' })
  const signed = request.certificationRequestInfoRaw
  const signature = new Uint8Array(request.signature)
  const form = requestSignatures.get(request.signatureAlgorithm.algorithm)
  if (
    signed === undefined ||
    form === undefined ||
    form.keyType !== publicKey.asymmetricKeyType ||
    !verify(form.digest, new Uint8Array(signed), publicKey, signature)
  ) {
    throw new PkiError('BadSignature', 'the signing request is not signed by its own key')
  }
  const asked = requestedExtensions(info)
  const names = asked.get(extensionOids.alternativeNames)
  const keyUsage = asked.get(extensionOids.keyUsage)
  const extended = asked.get(extensionOids.extendedUsage)
  return {
    subject: decodeName(info.subject),
    alternativeNames:
      names === undefined
        ? noAlternativeNames
        : decodeAlternativeNames(AsnConvert.parse(names, SubjectAlternativeName)),
    publicKey,
    usages: [
      ...(keyUsage === undefined ? [] : decodeKeyUsage(AsnConvert.parse(keyUsage, BitString))),
      ...(extended === undefined
        ? []
        : decodeExtendedUsage(AsnConvert.parse(extended, ExtendedKeyUsage))),
    ],
  }
}

/** Requests come from any tool, so any digest that is still sound may be used with a key. */
const requestSignatures = new Map<string, { keyType: string; digest: string | null }>([
  ['1.2.840.10045.4.3.2', { keyType: 'ec', digest: 'sha256' }],
  ['1.2.840.10045.4.3.3', { keyType: 'ec', digest: 'sha384' }],
  ['1.2.840.10045.4.3.4', { keyType: 'ec', digest: 'sha512' }],
  ['1.2.840.113549.1.1.11', { keyType: 'rsa', digest: 'sha256' }],
  ['1.2.840.113549.1.1.12', { keyType: 'rsa', digest: 'sha384' }],
  ['1.2.840.113549.1.1.13', { keyType: 'rsa', digest: 'sha512' }],
  ['1.3.101.112', { keyType: 'ed25519', digest: null }],
])

function requestedExtensions(info: CertificationRequestInfo): ReadonlyMap<string, ArrayBuffer> {
  const found = new Map<string, ArrayBuffer>()
  // The library's type promises attributes; RFC 2986 in practice lets them be left out.
  const attributes: Iterable<Attribute> | undefined = info.attributes
  for (const { type, values } of attributes ?? []) {
    if (type !== extensionRequestOid) continue
    for (const value of values) {
      for (const { extnID, extnValue } of AsnConvert.parse(value, Extensions)) {
        found.set(extnID, extnValue.buffer)
      }
    }
  }
  return found
}
