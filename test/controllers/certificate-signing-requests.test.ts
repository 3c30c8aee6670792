import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  CertificateSigningRequest,
  ClusterRoleBinding,
  type CertificateSigningRequestInput,
} from '#api'
import { seededRandom, VirtualClock } from '#base'
import { controllers } from '#controllers'
import { hasReason } from '#machinery'
import {
  createSigningRequest,
  generateKeyPair,
  memoryPki,
  parseCertificates,
  privateKeyToPem,
  verifyCertificate,
} from '#pki'
import { startControllerCluster, type ControllerCluster } from './harness.ts'

const random = seededRandom(3)
const { ca } = memoryPki({ clock: new VirtualClock(), random, hostName: 'h', serviceIps: [] })
const signingCa = {
  certificate: ca.certificate.pem,
  key: privateKeyToPem(ca.key.privateKey),
}
const tested = controllers({ signingCa }).filter(({ name }) =>
  name.startsWith('certificatesigningrequest-'),
)
const key = generateKeyPair('ecdsa-p256', random)
const kubeletClient = 'kubernetes.io/kube-apiserver-client-kubelet'

function csr(
  name: string,
  spec: Partial<CertificateSigningRequestInput['spec']>,
  subject = { commonName: 'system:node:a', organizations: ['system:nodes'] },
): CertificateSigningRequestInput {
  const pem = createSigningRequest(key, subject)
  return {
    metadata: { name },
    spec: {
      request: Buffer.from(pem).toString('base64'),
      signerName: kubeletClient,
      usages: ['digital signature', 'client auth'],
      ...spec,
    },
  }
}

const bootstrappers = ['system:bootstrappers']

async function allow({ client }: ControllerCluster, role: string, group: string): Promise<void> {
  await client.resource(ClusterRoleBinding).create({
    metadata: { name: `${group}:${role}` },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [{ kind: 'Group', name: group }],
  })
}

async function conditions({ client }: ControllerCluster, name: string) {
  const { status } = await client.resource(CertificateSigningRequest).get(name)
  return (status.conditions ?? []).map(({ type, reason, message }) =>
    [type, reason, message].join(' | '),
  )
}

/** As kubectl certificate approve does. */
async function approve({ client }: ControllerCluster, name: string): Promise<void> {
  const requests = client.resource(CertificateSigningRequest)
  const found = await requests.get(name)
  const approved = { type: 'Approved', status: 'True', reason: 'KubectlApprove', message: 'yes' }
  await requests
    .subresource('approval')
    .update(name, { ...found, status: { ...found.status, conditions: [approved] } })
}

const requesters = 'system:certificates.k8s.io:certificatesigningrequests'

describe('certificate signing requests', () => {
  it('of new kubelets are approved by right, and signed', async () => {
    await using cluster = await startControllerCluster(tested)
    const boot = cluster.clientOf('system:bootstrap:abcdef', bootstrappers)
    const own = boot.resource(CertificateSigningRequest)
    await allow(cluster, 'system:node-bootstrapper', bootstrappers[0] ?? '')
    await own.create(csr('first', { expirationSeconds: 3_600 }))
    await cluster.clock.settle()
    assert.deepEqual(await conditions(cluster, 'first'), [])
    await allow(cluster, `${requesters}:nodeclient`, bootstrappers[0] ?? '')
    await cluster.advance(60_000)
    assert.deepEqual(await conditions(cluster, 'first'), [
      'Approved | AutoApproved | Auto approving kubelet client certificate after SubjectAccessReview.',
    ])
    const { status } = await cluster.client.resource(CertificateSigningRequest).get('first')
    const pem = Buffer.from(status.certificate ?? '', 'base64').toString()
    const [certificate] = parseCertificates(pem)
    assert.ok(certificate !== undefined)
    const atMs = cluster.clock.now()
    verifyCertificate(certificate, { roots: [ca.certificate], atMs, usage: 'client auth' })
    assert.equal(certificate.subject.commonName, 'system:node:a')
    assert.deepEqual(certificate.subject.organizations, ['system:nodes'])
    assert.ok(certificate.notAfterMs > atMs && certificate.notAfterMs <= atMs + 3_600_000)

    await cluster.advance(59 * 60_000)
    await cluster.client.resource(CertificateSigningRequest).get('first')
    await cluster.advance(2 * 60_000)
    await assert.rejects(cluster.client.resource(CertificateSigningRequest).get('first'), (error) =>
      hasReason(error, 'NotFound'),
    )
  })

  it('of kubelets for themselves need the lesser right', async () => {
    await using cluster = await startControllerCluster(tested)
    await allow(cluster, `${requesters}:selfnodeclient`, 'system:nodes')
    const node = cluster.clientOf('system:node:a', ['system:nodes'])
    await node.resource(CertificateSigningRequest).create(csr('own', {}))
    const other = { commonName: 'system:node:b', organizations: ['system:nodes'] }
    const requests = cluster.client.resource(CertificateSigningRequest)
    await requests.create(csr('by-master', {}, { ...other, organizations: ['dev'] }))
    await cluster.clock.settle()
    assert.deepEqual(await conditions(cluster, 'own'), [
      'Approved | AutoApproved | Auto approving self kubelet client certificate after SubjectAccessReview.',
    ])
    assert.deepEqual(await conditions(cluster, 'by-master'), [])
  })

  it('that are approved though they are wrong fail; those of other signers are left alone', async () => {
    await using cluster = await startControllerCluster(tested)
    const requests = cluster.client.resource(CertificateSigningRequest)
    const usages = ['digital signature', 'server auth'] as const
    await requests.create(csr('serving', { signerName: 'kubernetes.io/kubelet-serving', usages }))
    await requests.create(csr('foreign', { signerName: 'example.com/signer' }))
    const ann = { commonName: 'ann', organizations: ['dev'] }
    const signerName = 'kubernetes.io/kube-apiserver-client'
    await requests.create(csr('ann', { signerName }, ann))
    for (const name of ['serving', 'foreign', 'ann']) await approve(cluster, name)
    await cluster.clock.settle()
    assert.deepEqual((await conditions(cluster, 'serving')).slice(1), [
      'Failed | SignerValidationFailure | DNS or IP subjectAltName is required',
    ])
    assert.equal((await requests.get('foreign')).status.certificate, undefined)
    assert.ok((await requests.get('ann')).status.certificate)
    const calls = cluster.calls('certificate-controller').length
    await cluster.advance(30 * 60_000)
    assert.equal(cluster.calls('certificate-controller').length, calls)
  })
})
