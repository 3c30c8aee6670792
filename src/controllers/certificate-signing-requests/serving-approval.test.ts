import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededRandom } from '#base'
import type { CertificateSigningRequest, Node } from '#api'
import { createSigningRequest, generateKeyPair, parseSigningRequest } from '#pki'
import { servingApprovalProblem } from './serving-approval.ts'

const key = generateKeyPair('ecdsa-p256', seededRandom(1))
const serving = ['digital signature', 'server auth'] as const

function node(name: string, ...addresses: readonly (readonly [string, string])[]): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name },
    spec: {},
    status: { addresses: addresses.map(([type, address]) => ({ type, address })) },
  } as unknown as Node
}

const nodes = [
  node('a', ['InternalIP', '10.0.0.1'], ['InternalIP', 'fd00::1'], ['Hostname', 'a.Example']),
  node('b', ['InternalIP', '10.0.0.2'], ['ExternalDNS', 'a.example']),
  node('c', ['ExternalIP', '10.0.0.3'], ['InternalDNS', 'c.example']),
  node('d', ['ExternalIP', '10.0.0.3']),
]

interface Asked {
  readonly by?: string
  readonly groups?: readonly string[]
  readonly subject?: string
  readonly organizations?: readonly string[]
  readonly usages?: readonly string[]
  readonly dns?: readonly string[]
  readonly ips?: readonly string[]
  readonly uris?: readonly string[]
}

function judge(asked: Asked): string | undefined {
  const { by = 'system:node:a', groups = ['system:nodes', 'system:authenticated'] } = asked
  const commonName = asked.subject ?? by
  const pem = createSigningRequest(
    key,
    { commonName, organizations: asked.organizations ?? ['system:nodes'] },
    { dnsNames: asked.dns ?? [], ipAddresses: asked.ips ?? [], uris: asked.uris ?? [] },
  )
  const csr: CertificateSigningRequest = {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: 'x' },
    spec: {
      request: Buffer.from(pem).toString('base64'),
      signerName: 'kubernetes.io/kubelet-serving',
      username: by,
      groups,
      usages: (asked.usages ?? serving) as typeof serving,
    },
    status: {},
  }
  return servingApprovalProblem(csr, parseSigningRequest(pem), nodes)
}

describe('a serving certificate is approved without asking', () => {
  const good: readonly (readonly [string, Asked])[] = [
    ['for an address', { ips: ['10.0.0.1'] }],
    ['for an IPv6 address in another spelling', { ips: ['fd00:0:0:0::1'] }],
    ['for its name and an address', { dns: ['a'], ips: ['10.0.0.1'] }],
    ['for a name in another case', { by: 'system:node:c', dns: ['C.EXAMPLE'] }],
    ['with the usage of RSA keys', { dns: ['a'], usages: [...serving, 'key encipherment'] }],
  ]
  for (const [what, asked] of good) {
    it(what, () => assert.equal(judge(asked), undefined))
  }
})

describe('a serving certificate is left for somebody to decide', () => {
  const bad: readonly (readonly [string, Asked, RegExp])[] = [
    ['asked by a user', { by: 'ann', ips: ['10.0.0.1'] }, /^the requester is no node$/],
    ['by a node of no group', { groups: [], ips: ['10.0.0.1'] }, /^the requester is no node$/],
    ['for another node', { subject: 'system:node:b', ips: ['10.0.0.1'] }, /subject is not the req/],
    ['of other groups', { organizations: ['system:masters'], dns: ['a'] }, /organization is not/],
    ['by a node that is not there', { by: 'system:node:z', dns: ['z'] }, /^there is no node z$/],
    ['by a node without a name', { by: 'system:node:', dns: ['a'] }, /^there is no node $/],
    ['for nothing', {}, /subjectAltName is required/],
    [
      'for clients',
      { dns: ['a'], usages: ['digital signature', 'client auth'] },
      /^usages did not/,
    ],
    ['with a URI', { dns: ['a'], uris: ['spiffe://x'] }, /^URI /],
    ['for an address too many', { ips: ['10.0.0.1', '10.0.0.9'] }, /^IP 10\.0\.0\.9 is no address/],
    [
      "for another node's address",
      { ips: ['10.0.0.2'] },
      /^IP 10\.0\.0\.2 is no address of node a$/,
    ],
    ["for another node's name", { dns: ['b'] }, /^DNS b is no address/],
    ['for a wildcard', { dns: ['*'] }, /^DNS \* is no address/],
    ['for a name that is an address', { dns: ['10.0.0.1'] }, /^DNS 10\.0\.0\.1 is no address/],
    [
      'for a name that two have',
      { dns: ['a.example'] },
      /^DNS a\.example is an address of node b, too$/,
    ],
    ['for an address that two have', { by: 'system:node:d', ips: ['10.0.0.3'] }, /of node c, too$/],
  ]
  for (const [what, asked, problem] of bad) {
    it(what, () => assert.match(judge(asked) ?? '', problem))
  }
})
