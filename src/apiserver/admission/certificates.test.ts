import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { seededRandom } from '#base'
import type { CertificateSigningRequest } from '#api'
import { createSigningRequest, generateKeyPair } from '#pki'
import { testRegistry, type TestRegistry } from '../testing/registry.ts'
import { userInfo } from '../testing/users.ts'

const requests = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
const signerName = 'kubernetes.io/kube-apiserver-client'
const apiGroup = 'rbac.authorization.k8s.io'
const key = generateKeyPair('ecdsa-p256', seededRandom(1))

function signingRequest(group: string, signer = signerName) {
  const text = createSigningRequest(key, { commonName: 'jane', organizations: [group] })
  return {
    metadata: { name: 'jane' },
    spec: {
      signerName: signer,
      usages: ['client auth'],
      request: Buffer.from(text).toString('base64'),
    },
  }
}

/** Lets a user do a verb with signers of a name. */
async function allow(server: TestRegistry, user: string, verb: string, signer: string) {
  const rules = [
    {
      apiGroups: ['certificates.k8s.io'],
      resources: ['signers'],
      resourceNames: [signer],
      verbs: [verb],
    },
  ]
  const metadata = { name: `${user}-${verb}` }
  const path = '/apis/rbac.authorization.k8s.io/v1'
  await server.ask('POST', `${path}/clusterroles`, { body: { metadata, rules } })
  const roleRef = { apiGroup, kind: 'ClusterRole', name: metadata.name }
  const subjects = [{ apiGroup, kind: 'User', name: user }]
  await server.ask('POST', `${path}/clusterrolebindings`, { body: { metadata, roleRef, subjects } })
}

test('nobody becomes a master by a certificate', async () => {
  await using server = await testRegistry()
  const status = await server.refused('POST', requests, signingRequest('system:masters'))
  assert.equal(
    status.message,
    'certificatesigningrequests.certificates.k8s.io "jane" is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed',
  )
  await server.ask('POST', requests, { body: signingRequest('system:masters', 'example.com/x') })
})

test('who approves and who signs', async () => {
  await using server = await testRegistry()
  const made = await server.object<CertificateSigningRequest>(
    'POST',
    requests,
    signingRequest('dev'),
  )
  const approved = {
    ...made,
    metadata: { ...made.metadata, resourceVersion: '' },
    status: {
      conditions: [{ type: 'Approved', status: 'True', reason: 'Test', message: 'yes' }],
    },
  }
  await allow(server, 'one', 'approve', signerName)
  await allow(server, 'all', 'approve', 'kubernetes.io/*')
  await allow(server, 'other', 'approve', 'example.com/*')
  const refused = async (user: string, subresource: string) => {
    const path = `${requests}/jane/${subresource}`
    return (await server.refused('PUT', path, approved, userInfo(user))).message ?? ''
  }
  assert.match(
    await refused('other', 'approval'),
    /user not permitted to approve requests with signerName "kubernetes.io\/kube-apiserver-client"$/,
  )
  for (const user of ['one', 'all']) {
    await server.ask('PUT', `${requests}/jane/approval`, { body: approved, user: userInfo(user) })
  }
  const failed = {
    type: 'Failed',
    status: 'True',
    reason: 'Test',
    message: 'no',
  }
  const conditions = [...approved.status.conditions, failed]
  const signed = { ...approved, status: { conditions } }
  const path = `${requests}/jane/status`
  const status = await server.refused('PUT', path, signed, userInfo('one'))
  assert.match(status.message ?? '', /user not permitted to sign requests with signerName/)
  await allow(server, 'one', 'sign', signerName)
  await server.ask('PUT', path, { body: signed, user: userInfo('one') })
})
