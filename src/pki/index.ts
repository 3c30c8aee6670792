export { parseCertificate, parseCertificates, type Certificate } from './certificate.ts'
export { createSigningRequest, parseSigningRequest, type SigningRequest } from './csr.ts'
export { pkiDirectory, type PkiDirectory } from './directory.ts'
export { PkiError, type PkiErrorReason } from './error.ts'
export {
  issueCertificate,
  selfSignAuthority,
  type CertificateTemplate,
  type Credential,
} from './issue.ts'
export { signDetachedJws } from './jws.ts'
export {
  parseJwt,
  signJwt,
  verificationKey,
  verifyJwt,
  type Jwt,
  type JwtClaims,
  type JwtHeader,
  type VerificationKey,
} from './jwt.ts'
export {
  generateKeyPair,
  keyId,
  keyPairFromPem,
  privateKeyToPem,
  publicKeyHash,
  publicKeysFromPem,
  publicKeyToPem,
  type KeyPair,
  type KeyType,
} from './keys.ts'
export { noAlternativeNames, type AlternativeNames, type Subject } from './names.ts'
export { pemDecode, pemEncode, type PemBlock } from './pem.ts'
export { ensurePki, memoryPki, type Pki, type PkiOptions } from './authority.ts'
export { parseUsage, type Usage } from './usages.ts'
export { verifyCertificate, type VerifyOptions } from './verify.ts'
