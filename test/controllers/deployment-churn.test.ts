import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Deployment, Pod, type DeploymentInput } from '#api'
import { seededRandom, type Random } from '#base'
import { hasReason } from '#machinery'
import { startControllerCluster } from './harness.ts'
import {
  named,
  podsOf,
  podTemplate,
  prepareNamespace,
  report,
  type Workloads,
} from './workloads.ts'

type Strategy = NonNullable<NonNullable<DeploymentInput['spec']>['strategy']>

const rolling = (maxSurge: number, maxUnavailable: number): Strategy => ({
  type: 'RollingUpdate',
  rollingUpdate: { maxSurge, maxUnavailable },
})

const rows: readonly (readonly [string, Strategy, number])[] = [
  ['with surge', rolling(2, 0), 0],
  ['in place', rolling(0, 1), 3],
  ['recreated', { type: 'Recreate' }, 3],
]

/** Whatever users, pods and time do: once they are done, the Deployment gets where it was sent. */
describe('a Deployment that is changed at random gets there in the end', () => {
  for (const [i, [what, strategy, minReadySeconds]] of rows.entries()) {
    it(what, async () => {
      await using cluster = await startControllerCluster(
        named('deployment-controller', 'replicaset-controller'),
      )
      await prepareNamespace(cluster)
      const random = seededRandom(i + 1)
      const deployments = cluster.client.resource(Deployment).namespace('default')
      const selector = { matchLabels: { app: 'web' } }
      const template = podTemplate('web')
      await deployments.create({
        metadata: { name: 'web' },
        spec: { replicas: 5, minReadySeconds, strategy, selector, template },
      })
      for (let round = 0; round < 150; round++) {
        await disturb(cluster, random)
        await cluster.advance(random.integer(2) * random.integer(2_000))
      }
      await deployments.patch('web', { type: 'merge', patch: { spec: { paused: false } } })
      for (let round = 0; round < 40; round++) {
        const pods = await podsOf(cluster, 'app=web')
        await report(
          cluster,
          pods.filter(({ status }) => status.phase !== 'Running'),
        )
        await cluster.advance(4_000)
      }
      const { spec, status } = await deployments.get('web')
      const wanted = spec.replicas === 0 ? undefined : spec.replicas
      assert.equal(status.updatedReplicas, wanted)
      assert.equal(status.replicas, wanted)
      assert.equal(status.availableReplicas, wanted)
      assert.equal((await podsOf(cluster, 'app=web')).length, spec.replicas)
    })
  }
})

async function disturb(cluster: Workloads, random: Random): Promise<void> {
  const { client } = cluster
  const deployments = client.resource(Deployment).namespace('default')
  const change = (spec: unknown) => deployments.patch('web', { type: 'strategic', patch: { spec } })
  const what = random.integer(10)
  if (what === 0) {
    const image = `busybox:${random.integer(4)}`
    await change({ template: { spec: { containers: [{ name: 'main', image }] } } })
  } else if (what === 1) await change({ replicas: random.integer(12) })
  else if (what === 2) await change({ paused: random.integer(2) === 1 })
  else {
    const pods = await podsOf(cluster, 'app=web')
    const pod = pods[random.integer(Math.max(1, pods.length))]
    if (pod === undefined) return
    if (what < 8) return unlessGone(report(cluster, [pod]))
    const { name = '' } = pod.metadata
    const all = client.resource(Pod).namespace('default')
    await unlessGone(all.delete(name, { gracePeriodSeconds: 0 }))
  }
}

async function unlessGone(call: Promise<unknown>): Promise<void> {
  try {
    await call
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error
  }
}
