import type { CertificateSigningRequest, Node } from '#api'
import { formatIp, parseIp } from '#machinery'
import type { SigningRequest } from '#pki'
import { kubeletServingProblem } from './kubelet.ts'

const nodePrefix = 'system:node:'

/** The node that asks for a serving certificate by this request; undefined: somebody else asks. */
export function askingNode({ spec }: CertificateSigningRequest): string | undefined {
  const { username = '', groups = [] } = spec
  if (!username.startsWith(nodePrefix) || !groups.includes('system:nodes')) return undefined
  return username.slice(nodePrefix.length)
}

/**
 * What keeps a kubelet's request for a serving certificate from being approved without asking
 * anyone; undefined: nothing does. A node may serve as itself, under its name and the addresses
 * its Node has, and none that another Node has, too.
 */
export function servingApprovalProblem(
  csr: CertificateSigningRequest,
  request: SigningRequest,
  nodes: readonly Node[],
): string | undefined {
  const name = askingNode(csr)
  if (name === undefined) return 'the requester is no node'
  const { subject, alternativeNames } = request
  const problem = kubeletServingProblem(request, csr.spec.usages ?? [])
  if (problem !== undefined) return problem
  if (subject.commonName !== csr.spec.username) return 'the subject is not the requester'
  const node = nodes.find(({ metadata }) => metadata.name === name)
  if (node === undefined) return `there is no node ${name}`
  const { dnsNames, ipAddresses } = alternativeNames
  const asked = [...dnsNames.map(dnsName), ...ipAddresses.map(nameOrIp)]
  const own = addressesOf(node)
  const foreign = asked.find((address) => !own.has(address))
  if (foreign !== undefined) return `${foreign} is no address of node ${name}`
  for (const other of nodes) {
    if (other === node) continue
    const theirs = addressesOf(other)
    const shared = asked.find((address) => theirs.has(address))
    if (shared !== undefined) return `${shared} is an address of node ${other.metadata.name}, too`
  }
  return undefined
}

function addressesOf({ metadata, status }: Node): ReadonlySet<string> {
  const addresses = (status.addresses ?? []).map(({ address }) => address)
  return new Set([metadata.name ?? '', ...addresses].map(nameOrIp))
}

/** As the kubelet sorts them, whatever type a Node calls them; the same one has one spelling. */
function nameOrIp(text: string): string {
  const ip = parseIp(text)
  return ip === undefined ? dnsName(text) : `IP ${formatIp(ip)}`
}

function dnsName(text: string): string {
  return `DNS ${text.toLowerCase()}`
}
