import { CertificateSigningRequest } from '#api'
import { equalJson, quote, type Mutable } from '#machinery'
import { parseSigningRequest, type SigningRequest } from '#pki'
import { groups, type UserInfo } from '../authentication/user.ts'
import type { Authorizer } from '../authorization/authorizer.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { refusal } from './refusal.ts'

/** Only who may `approve` for a signer approves or denies requests to it. */
export function certificateApproval(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'CertificateApproval',
    validate(attributes) {
      if (!isUpdate(attributes, 'approval')) return
      const { signerName } = (attributes.old as CertificateSigningRequest).spec
      if (mayFor(authorizer, attributes.user, 'approve', signerName)) return
      throw refusal(
        attributes,
        `user not permitted to approve requests with signerName ${quote(signerName)}`,
      )
    },
  }
}

/** Only who may `sign` for a signer writes certificates and conditions of requests to it. */
export function certificateSigning(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'CertificateSigning',
    validate(attributes) {
      if (!isUpdate(attributes, 'status')) return
      const old = attributes.old as CertificateSigningRequest
      const { status } = attributes.object as Mutable<CertificateSigningRequest>
      const same =
        old.status.certificate === status?.certificate &&
        equalJson(old.status.conditions ?? [], status?.conditions ?? [])
      if (same) return
      const { signerName } = old.spec
      if (mayFor(authorizer, attributes.user, 'sign', signerName)) return
      throw refusal(
        attributes,
        `user not permitted to sign requests with signerName ${quote(signerName)}`,
      )
    },
  }
}

const clientSigner = 'kubernetes.io/kube-apiserver-client'

/** Nobody becomes a master by asking the signer of client certificates. */
export const certificateSubjectRestriction: AdmissionPlugin = {
  name: 'CertificateSubjectRestriction',
  validate(attributes) {
    const { operation, resource, subresource, object } = attributes
    if (operation !== 'CREATE' || resource !== CertificateSigningRequest || subresource !== '') {
      return
    }
    const { spec } = object as Mutable<CertificateSigningRequest>
    if (spec.signerName !== clientSigner) return
    const request = readRequest(attributes, spec.request ?? '')
    if (!request.subject.organizations.includes(groups.masters)) return
    throw refusal(
      attributes,
      `use of ${clientSigner} signer with ${groups.masters} group is not allowed`,
    )
  },
}

/** The PKCS #10 request inside a CertificateSigningRequest, which carries it as base64 of PEM. */
export function readRequest(attributes: AdmissionAttributes, request: string): SigningRequest {
  try {
    return parseSigningRequest(Buffer.from(request, 'base64').toString())
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw refusal(attributes, `failed to parse CSR: ${why}`)
  }
}

function isUpdate(attributes: AdmissionAttributes, subresource: string): boolean {
  return (
    attributes.operation === 'UPDATE' &&
    attributes.resource === CertificateSigningRequest &&
    attributes.subresource === subresource
  )
}

/** Rights are held for one signer, or for all of a domain by the name `domain/*`. */
function mayFor(
  authorizer: Authorizer,
  user: UserInfo,
  verb: 'approve' | 'sign',
  signerName: string,
): boolean {
  const domain = signerName.slice(0, Math.max(signerName.indexOf('/'), 0))
  return [signerName, `${domain}/*`].some(
    (name) =>
      authorizer.authorize({
        user,
        verb,
        resourceRequest: true,
        apiGroup: 'certificates.k8s.io',
        apiVersion: '*',
        resource: 'signers',
        subresource: '',
        namespace: '',
        name,
        path: '',
      }).decision === 'allow',
  )
}
