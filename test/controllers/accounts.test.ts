import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigMap, Namespace, Secret, ServiceAccount } from '#api'
import { seededRandom } from '#base'
import { controllers } from '#controllers'
import { hasReason } from '#machinery'
import { generateKeyPair, privateKeyToPem } from '#pki'
import { startControllerCluster } from './harness.ts'

const rootCa = '-----BEGIN CERTIFICATE-----\nroot\n-----END CERTIFICATE-----\n'
const key = privateKeyToPem(generateKeyPair('ecdsa-p256', seededRandom(2)).privateKey)
const names = [
  'serviceaccount-controller',
  'serviceaccount-token-controller',
  'root-ca-certificate-publisher-controller',
]
const tested = (options = { rootCa, serviceAccountKey: key }) =>
  controllers(options).filter(({ name }) => names.includes(name))

const text = (base64: string | undefined) => Buffer.from(base64 ?? '', 'base64').toString()

describe('what every namespace has', () => {
  it('a default account and the root CAs, made again and corrected', async () => {
    await using cluster = await startControllerCluster(tested())
    const { client, clock } = cluster
    await client.resource(Namespace).create({ metadata: { name: 'team' } })
    await clock.settle()
    const accounts = client.resource(ServiceAccount)
    const maps = client.resource(ConfigMap)
    for (const namespace of ['team', 'default', 'kube-system']) {
      assert.ok(await accounts.namespace(namespace).get('default'))
      const map = await maps.namespace(namespace).get('kube-root-ca.crt')
      assert.deepEqual(map.data, { 'ca.crt': rootCa })
      assert.match(map.metadata.annotations?.['kubernetes.io/description'] ?? '', /CA bundle/)
    }
    await accounts.namespace('team').delete('default')
    const map = await maps.namespace('team').get('kube-root-ca.crt')
    await maps.update({ ...map, data: { 'ca.crt': 'forged' } })
    await maps.namespace('default').delete('kube-root-ca.crt')
    await clock.settle()
    assert.ok(await accounts.namespace('team').get('default'))
    const corrected = await maps.namespace('team').get('kube-root-ca.crt')
    assert.deepEqual(corrected.data, { 'ca.crt': rootCa })
    assert.ok(await maps.namespace('default').get('kube-root-ca.crt'))
    const writes = (account: string) =>
      cluster.calls(account).filter((call) => !call.startsWith('GET'))
    assert.equal(writes('service-account-controller').length, 6)
    assert.equal(writes('root-ca-cert-publisher').length, 7)
  })

  it('nothing new in a namespace that is going', async () => {
    await using cluster = await startControllerCluster(tested())
    const { client, clock } = cluster
    await client.resource(Namespace).create({ metadata: { name: 'team' } })
    await clock.settle()
    await client.resource(Namespace).delete('team')
    await client.resource(ServiceAccount).namespace('team').delete('default')
    await clock.advance(60_000)
    assert.deepEqual((await client.resource(ServiceAccount).namespace('team').list()).items, [])
  })
})

describe('token secrets', () => {
  const type = 'kubernetes.io/service-account-token'
  const annotations = { 'kubernetes.io/service-account.name': 'robot' }

  it('get token, CAs and namespace, and go with their account', async () => {
    await using cluster = await startControllerCluster(tested())
    const { client, clock } = cluster
    const secrets = client.resource(Secret).namespace('default')
    const accounts = client.resource(ServiceAccount).namespace('default')
    const robot = await accounts.create({
      metadata: { name: 'robot' },
      secrets: [{ name: 'robot-token' }, { name: 'other' }],
    })
    await secrets.create({ metadata: { name: 'robot-token', annotations }, type })
    await clock.settle()
    const { data, metadata } = await secrets.get('robot-token')
    assert.equal(metadata.annotations?.['kubernetes.io/service-account.uid'], robot.metadata.uid)
    assert.equal(text(data?.['ca.crt']), rootCa)
    assert.equal(text(data?.['namespace']), 'default')
    const claims: unknown = JSON.parse(
      Buffer.from(text(data?.['token']).split('.')[1] ?? '', 'base64url').toString(),
    )
    assert.deepEqual(claims, {
      iss: 'kubernetes/serviceaccount',
      'kubernetes.io/serviceaccount/namespace': 'default',
      'kubernetes.io/serviceaccount/secret.name': 'robot-token',
      'kubernetes.io/serviceaccount/service-account.name': 'robot',
      'kubernetes.io/serviceaccount/service-account.uid': robot.metadata.uid,
      sub: 'system:serviceaccount:default:robot',
    })

    // A token that was taken out is made again, one that is there stays.
    await secrets.patch('robot-token', { type: 'merge', patch: { data: { namespace: null } } })
    await clock.settle()
    const again = await secrets.get('robot-token')
    assert.deepEqual(again.data, data)

    await secrets.delete('robot-token')
    await clock.settle()
    assert.deepEqual((await accounts.get('robot')).secrets, [{ name: 'other' }])

    await secrets.create({ metadata: { name: 'robot-token', annotations }, type })
    await clock.settle()
    await accounts.delete('robot')
    await clock.settle()
    await assert.rejects(secrets.get('robot-token'), (error) => hasReason(error, 'NotFound'))
  })

  it('of no account, or of one of another uid, are deleted', async () => {
    await using cluster = await startControllerCluster(tested())
    const { client, clock } = cluster
    const secrets = client.resource(Secret).namespace('default')
    await client
      .resource(ServiceAccount)
      .namespace('default')
      .create({ metadata: { name: 'robot' } })
    await secrets.create({
      metadata: { name: 'nobody', annotations: { 'kubernetes.io/service-account.name': 'gone' } },
      type,
    })
    await secrets.create({
      metadata: {
        name: 'before',
        annotations: { ...annotations, 'kubernetes.io/service-account.uid': 'of-another-life' },
      },
      type,
    })
    await secrets.create({ metadata: { name: 'opaque', annotations } })
    await clock.settle()
    const left = (await secrets.list()).items.map(({ metadata }) => metadata.name)
    assert.deepEqual(left, ['opaque'])
    assert.equal((await secrets.get('opaque')).data, undefined)
  })
})
