import type { SigningRequest } from '#pki'

const nodesGroup = 'system:nodes'
const nodePrefix = 'system:node:'

/**
 * What the certificates of kubelets must be; the answer says what is wrong, in upstream's words and
 * order.
 */
export function kubeletClientProblem(
  request: SigningRequest,
  usages: readonly string[],
): string | undefined {
  const { dnsNames, emailAddresses, ipAddresses, uris } = request.alternativeNames
  if (!isOfNodes(request)) return wrongOrganization
  if (dnsNames.length > 0) return notAllowed('DNS')
  if (emailAddresses.length > 0) return notAllowed('Email')
  if (ipAddresses.length > 0) return notAllowed('IP')
  if (uris.length > 0) return notAllowed('URI')
  if (!isNamedAsNode(request)) return wrongCommonName
  if (hasUsages(usages, 'client auth')) return undefined
  return 'usages did not match [client auth digital signature key encipherment]'
}

export function kubeletServingProblem(
  request: SigningRequest,
  usages: readonly string[],
): string | undefined {
  const { dnsNames, emailAddresses, ipAddresses, uris } = request.alternativeNames
  if (!isOfNodes(request)) return wrongOrganization
  if (dnsNames.length + ipAddresses.length === 0) return 'DNS or IP subjectAltName is required'
  if (emailAddresses.length > 0) return notAllowed('Email')
  if (uris.length > 0) return notAllowed('URI')
  if (!hasUsages(usages, 'server auth')) {
    return 'usages did not match [digital signature key encipherment server auth]'
  }
  return isNamedAsNode(request) ? undefined : wrongCommonName
}

const wrongOrganization = 'subject organization is not system:nodes'
const wrongCommonName = 'subject common name does not begin with system:node:'

function notAllowed(kind: string): string {
  return `${kind} subjectAltNames are not allowed`
}

function isOfNodes({ subject }: SigningRequest): boolean {
  return subject.organizations.length === 1 && subject.organizations[0] === nodesGroup
}

function isNamedAsNode({ subject }: SigningRequest): boolean {
  return subject.commonName.startsWith(nodePrefix)
}

/** RSA keys encipher keys, too; other keys cannot. */
function hasUsages(usages: readonly string[], purpose: string): boolean {
  const given = new Set(usages)
  given.delete('key encipherment')
  return given.size === 2 && given.has('digital signature') && given.has(purpose)
}
