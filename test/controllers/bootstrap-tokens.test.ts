import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import { ConfigMap, Secret } from '#api'
import { formatTime } from '#base'
import { controllers } from '#controllers'
import { hasReason } from '#machinery'
import { startControllerCluster, type ControllerCluster } from './harness.ts'

const tested = controllers({ bootstrapTokens: true }).filter(({ name }) =>
  ['token-cleaner-controller', 'bootstrap-signer-controller'].includes(name),
)
const namespace = 'kube-system'
const secret = '0123456789abcdef'
const hourMs = 3_600_000

async function make(
  { client, clock }: ControllerCluster,
  id: string,
  more: Record<string, string> = {},
  lifeMs = hourMs,
): Promise<void> {
  await client.resource(Secret).create({
    metadata: { name: `bootstrap-token-${id}`, namespace },
    type: 'bootstrap.kubernetes.io/token',
    stringData: {
      'token-id': id,
      'token-secret': secret,
      'usage-bootstrap-signing': 'true',
      expiration: formatTime(clock.now() + lifeMs),
      ...more,
    },
  })
}

const names = async ({ client }: ControllerCluster) =>
  (await client.resource(Secret).namespace(namespace).list()).items.map(
    ({ metadata }) => metadata.name,
  )

describe('bootstrap tokens', () => {
  it('are deleted when they expire, and no other secret is', async () => {
    await using cluster = await startControllerCluster(tested)
    await make(cluster, 'aaaaaa')
    await make(cluster, 'bbbbbb', { expiration: 'soon' })
    await make(cluster, 'cccccc', {}, 40 * 24 * hourMs)
    await cluster.client.resource(Secret).create({
      metadata: { name: 'other', namespace },
      stringData: { expiration: formatTime(0) },
    })
    await cluster.clock.settle()
    assert.deepEqual(await names(cluster), [
      'bootstrap-token-aaaaaa',
      'bootstrap-token-cccccc',
      'other',
    ])
    await cluster.advance(hourMs - 1_000)
    assert.equal((await names(cluster)).length, 3)
    await cluster.advance(2_000)
    assert.deepEqual(await names(cluster), ['bootstrap-token-cccccc', 'other'])
    await cluster.advance(40 * 24 * hourMs)
    assert.deepEqual(await names(cluster), ['other'])
  })

  it('sign cluster-info for as long as they are good, and what it says now', async () => {
    await using cluster = await startControllerCluster(tested)
    const maps = cluster.client.resource(ConfigMap).namespace('kube-public')
    await make(cluster, 'aaaaaa')
    await make(cluster, 'bbbbbb', { 'usage-bootstrap-signing': 'false' })
    await make(cluster, 'cccccc', { 'token-id': 'dddddd' })
    await cluster.clock.settle()
    await assert.rejects(maps.get('cluster-info'), (error) => hasReason(error, 'NotFound'))
    const info = { metadata: { name: 'cluster-info' } }
    await maps.create({ ...info, data: { kubeconfig: 'one', 'jws-kubeconfig-eeeeee': 'x..y' } })
    await cluster.clock.settle()
    assert.deepEqual((await maps.get('cluster-info')).data, {
      kubeconfig: 'one',
      'jws-kubeconfig-aaaaaa': signature('aaaaaa', 'one'),
    })
    await maps.patch('cluster-info', { type: 'merge', patch: { data: { kubeconfig: 'two' } } })
    await cluster.clock.settle()
    const { data, metadata } = await maps.get('cluster-info')
    assert.equal(data?.['jws-kubeconfig-aaaaaa'], signature('aaaaaa', 'two'))
    await cluster.advance(hourMs / 2)
    assert.equal(
      (await maps.get('cluster-info')).metadata.resourceVersion,
      metadata.resourceVersion,
    )
    await cluster.advance(hourMs)
    assert.deepEqual((await maps.get('cluster-info')).data, { kubeconfig: 'two' })
  })
})

function signature(id: string, payload: string): string {
  const base64 = (text: string) => Buffer.from(text).toString('base64url')
  const header = base64(`{"alg":"HS256","kid":"${id}"}`)
  const mac = createHmac('sha256', secret).update(`${header}.${base64(payload)}`)
  return `${header}..${mac.digest('base64url')}`
}
