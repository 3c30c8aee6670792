import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Deployment, Event, Pod, ReplicaSet, type DeploymentInput } from '#api'
import { startControllerCluster, type ControllerCluster } from './harness.ts'
import {
  named,
  podsOf,
  podTemplate,
  prepareNamespace,
  report,
  type Workloads,
} from './workloads.ts'

async function startedCluster(): Promise<ControllerCluster> {
  const cluster = await startControllerCluster(
    named('deployment-controller', 'replicaset-controller'),
  )
  await prepareNamespace(cluster)
  return cluster
}

function deployments({ client }: Workloads) {
  return client.resource(Deployment).namespace('default')
}

async function deploy(
  cluster: Workloads,
  spec: Partial<DeploymentInput['spec']> = {},
): Promise<void> {
  await deployments(cluster).create({
    metadata: { name: 'web' },
    spec: { selector: { matchLabels: { app: 'web' } }, template: podTemplate('web'), ...spec },
  })
  await cluster.clock.settle()
}

async function change(cluster: Workloads, patch: unknown): Promise<void> {
  await deployments(cluster).patch('web', { type: 'strategic', patch })
  await cluster.clock.settle()
}

function setImage(cluster: Workloads, image: string): Promise<void> {
  return change(cluster, {
    spec: { template: { spec: { containers: [{ name: 'main', image }] } } },
  })
}

/** By revision. */
async function setsOf({ client }: Workloads): Promise<readonly ReplicaSet[]> {
  const { items } = await client.resource(ReplicaSet).namespace('default').list()
  return items.toSorted((a, b) => revision(a) - revision(b))
}

function revision({ metadata }: { readonly metadata: ReplicaSet['metadata'] }): number {
  return Number(metadata.annotations?.['deployment.kubernetes.io/revision'])
}

async function sizes(cluster: Workloads): Promise<readonly number[]> {
  return (await setsOf(cluster)).map(({ spec }) => spec.replicas)
}

/** Pods of the newest revision, or of an older one. */
async function podsOfSet(cluster: Workloads, index: number): Promise<readonly Pod[]> {
  const set = (await setsOf(cluster)).at(index)
  const hash = set?.metadata.labels?.['pod-template-hash'] ?? ''
  return podsOf(cluster, `pod-template-hash=${hash}`)
}

async function reportAll(cluster: Workloads): Promise<void> {
  for (let round = 0; round < 20; round++) {
    const pods = await podsOf(cluster, 'app=web')
    const fresh = pods.filter(({ status }) => status.phase !== 'Running')
    if (fresh.length === 0) return
    await report(cluster, fresh)
  }
  assert.fail('pods are made without end')
}

async function condition(cluster: Workloads, type: string) {
  const { status } = await deployments(cluster).get('web')
  const found = status.conditions?.find((each) => each.type === type)
  return found === undefined ? undefined : `${found.status} ${found.reason}: ${found.message}`
}

async function eventMessages({ client, clock }: Workloads): Promise<readonly string[]> {
  await clock.advance(1_000)
  const { items } = await client.resource(Event).namespace('default').list()
  return items
    .filter(({ involvedObject }) => involvedObject.kind === 'Deployment')
    .map(({ reason, message }) => `${reason} ${message}`)
}

describe('the Deployment controller', () => {
  it('creates a ReplicaSet for its template and tells how it goes', async () => {
    await using cluster = await startedCluster()
    await deploy(cluster, { replicas: 2, minReadySeconds: 0 })
    const [set, ...others] = await setsOf(cluster)
    assert.ok(set !== undefined)
    assert.equal(others.length, 0)
    const hash = set.metadata.labels?.['pod-template-hash'] ?? ''
    assert.equal(set.metadata.name, `web-${hash}`)
    assert.deepEqual(set.metadata.labels, { app: 'web', 'pod-template-hash': hash })
    assert.deepEqual(set.spec.selector?.matchLabels, set.metadata.labels)
    assert.deepEqual(set.spec.template.metadata.labels, set.metadata.labels)
    assert.deepEqual(set.metadata.annotations, {
      'deployment.kubernetes.io/desired-replicas': '2',
      'deployment.kubernetes.io/max-replicas': '3',
      'deployment.kubernetes.io/revision': '1',
    })
    assert.equal(set.metadata.ownerReferences?.[0]?.kind, 'Deployment')
    assert.equal(
      await condition(cluster, 'Progressing'),
      `True ReplicaSetUpdated: ReplicaSet "${set.metadata.name}" is progressing.`,
    )
    assert.equal(
      await condition(cluster, 'Available'),
      'False MinimumReplicasUnavailable: Deployment does not have minimum availability.',
    )
    await reportAll(cluster)
    const deployment = await deployments(cluster).get('web')
    assert.equal(revision(deployment), 1)
    assert.deepEqual(
      { ...deployment.status, conditions: undefined },
      {
        observedGeneration: 1,
        replicas: 2,
        updatedReplicas: 2,
        readyReplicas: 2,
        availableReplicas: 2,
        terminatingReplicas: 0,
        conditions: undefined,
      },
    )
    assert.equal(
      await condition(cluster, 'Progressing'),
      `True NewReplicaSetAvailable: ReplicaSet "${set.metadata.name}" has successfully progressed.`,
    )
    assert.equal(
      await condition(cluster, 'Available'),
      'True MinimumReplicasAvailable: Deployment has minimum availability.',
    )
    assert.deepEqual(await eventMessages(cluster), [
      `ScalingReplicaSet Scaled up replica set ${set.metadata.name} from 0 to 2`,
    ])
  })

  it('writes nothing once everything is as it should be', async () => {
    await using cluster = await startedCluster()
    await deploy(cluster, { replicas: 2 })
    await reportAll(cluster)
    const writes = () =>
      cluster.calls('deployment-controller').filter((call) => !call.startsWith('GET')).length
    const before = writes()
    await cluster.advance(3_600_000)
    assert.equal(writes(), before)
    // One creation, and a status for each change of what is counted.
    assert.ok(before <= 8, `${before} writes`)
  })

  it('rolls over step by step, within surge and unavailability', async () => {
    await using cluster = await startedCluster()
    await deploy(cluster, {
      replicas: 4,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } },
    })
    await reportAll(cluster)
    await setImage(cluster, 'busybox:2')
    // One more, and one less as one may be missing.
    assert.deepEqual(await sizes(cluster), [3, 2])
    const rolled: (readonly number[])[] = []
    for (let round = 0; round < 10; round++) {
      const [pod] = (await podsOfSet(cluster, -1)).filter(
        ({ status }) => status.phase !== 'Running',
      )
      if (pod === undefined) break
      await report(cluster, [pod])
      const pods = await podsOf(cluster, 'app=web')
      assert.ok(pods.length <= 5, 'no more than the surge')
      const available = pods.filter(({ status }) => status.phase === 'Running').length
      assert.ok(available >= 3, 'no fewer than may be missing')
      rolled.push(await sizes(cluster))
    }
    assert.deepEqual(rolled.at(-1), [0, 4])
    assert.equal((await deployments(cluster).get('web')).status.updatedReplicas, 4)
  })

  it('stays with what works while a new revision does not', async () => {
    await using cluster = await startedCluster()
    await deploy(cluster, { replicas: 4, progressDeadlineSeconds: 60 })
    await reportAll(cluster)
    await setImage(cluster, 'busybox:broken')
    assert.deepEqual(await sizes(cluster), [3, 2])
    await cluster.advance(50_000)
    assert.match((await condition(cluster, 'Progressing')) ?? '', /^True ReplicaSetUpdated/)
    await cluster.advance(15_000)
    const broken = (await setsOf(cluster)).at(-1)?.metadata.name
    assert.equal(
      await condition(cluster, 'Progressing'),
      `False ProgressDeadlineExceeded: ReplicaSet "${broken}" has timed out progressing.`,
    )
    assert.deepEqual(await sizes(cluster), [3, 2])
    // kubectl rollout undo: the earlier template is applied again.
    await setImage(cluster, 'busybox:1')
    await reportAll(cluster)
    assert.deepEqual(await sizes(cluster), [0, 4])
    const back = (await setsOf(cluster)).at(-1)
    assert.equal(back === undefined ? 0 : revision(back), 3)
    assert.equal(back?.metadata.annotations?.['deployment.kubernetes.io/revision-history'], '1')
    assert.equal(revision(await deployments(cluster).get('web')), 3)
    assert.match((await condition(cluster, 'Progressing')) ?? '', /^True NewReplicaSetAvailable/)
  })

  it('recreates: everything old has ended before anything new begins', async () => {
    await using cluster = await startedCluster()
    await deploy(cluster, { replicas: 2, strategy: { type: 'Recreate' } })
    await reportAll(cluster)
    const pods = cluster.client.resource(Pod).namespace('default')
    const old = await podsOf(cluster, 'app=web')
    const hold = (finalizers: readonly string[]) =>
      Promise.all(
        old.map(({ metadata }) =>
          pods.patch(metadata.name ?? '', { type: 'merge', patch: { metadata: { finalizers } } }),
        ),
      )
    await hold(['k8s.io/test'])
    await setImage(cluster, 'busybox:2')
    assert.deepEqual(await sizes(cluster), [0])
    assert.equal((await deployments(cluster).get('web')).status.terminatingReplicas, 2)
    await hold([])
    await cluster.clock.settle()
    assert.deepEqual(await sizes(cluster), [0, 2])
    await reportAll(cluster)
    assert.equal((await podsOf(cluster, 'app=web')).length, 2)
  })

  it('scales in proportion in the middle of a rollout', async () => {
    await using cluster = await startedCluster()
    await deploy(cluster, {
      replicas: 10,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } },
    })
    await reportAll(cluster)
    await setImage(cluster, 'busybox:broken')
    assert.deepEqual(await sizes(cluster), [8, 5])
    await change(cluster, { spec: { replicas: 15 } })
    assert.deepEqual(await sizes(cluster), [11, 7])
  })

  it('rolls nothing out while it is paused, and everything at once afterwards', async () => {
    await using cluster = await startedCluster()
    await deploy(cluster, { replicas: 2 })
    await reportAll(cluster)
    await change(cluster, { spec: { paused: true } })
    assert.equal(
      await condition(cluster, 'Progressing'),
      'Unknown DeploymentPaused: Deployment is paused',
    )
    await setImage(cluster, 'busybox:2')
    await setImage(cluster, 'busybox:3')
    assert.deepEqual(await sizes(cluster), [2])
    await change(cluster, { spec: { replicas: 3 } })
    assert.deepEqual(await sizes(cluster), [3])
    await cluster.advance(3_600_000)
    await change(cluster, { spec: { paused: null } })
    await reportAll(cluster)
    assert.deepEqual(await sizes(cluster), [0, 3])
    assert.match((await condition(cluster, 'Progressing')) ?? '', /^True NewReplicaSetAvailable/)
  })

  it('keeps as many old ReplicaSets as it is told', async () => {
    await using cluster = await startedCluster()
    await deploy(cluster, { replicas: 1, revisionHistoryLimit: 2 })
    await reportAll(cluster)
    for (const image of ['busybox:2', 'busybox:3', 'busybox:4', 'busybox:5']) {
      await setImage(cluster, image)
      await reportAll(cluster)
    }
    assert.deepEqual((await setsOf(cluster)).map(revision), [3, 4, 5])
  })

  it('finds another name for a ReplicaSet where the first is taken', async () => {
    await using cluster = await startedCluster()
    await deploy(cluster, { replicas: 1 })
    const [first] = await setsOf(cluster)
    const taken = first?.metadata.name ?? ''
    const sets = cluster.client.resource(ReplicaSet).namespace('default')
    await deployments(cluster).delete('web')
    await sets.delete(taken)
    const labels = { app: 'other' }
    await sets.create({
      metadata: { name: taken },
      spec: { replicas: 0, selector: { matchLabels: labels }, template: podTemplate('other') },
    })
    await deploy(cluster, { replicas: 1 })
    await cluster.advance(5_000)
    assert.equal((await deployments(cluster).get('web')).status.collisionCount, 1)
    const names = (await setsOf(cluster)).map(({ metadata }) => metadata.name)
    assert.equal(names.length, 2)
    assert.notEqual(names[0], names[1])
  })

  it('adopts a ReplicaSet that fits, whatever its name', async () => {
    await using cluster = await startedCluster()
    await cluster.client
      .resource(ReplicaSet)
      .namespace('default')
      .create({
        metadata: { name: 'web-before', labels: { app: 'web' } },
        spec: {
          replicas: 1,
          selector: { matchLabels: { app: 'web' } },
          template: podTemplate('web'),
        },
      })
    await deploy(cluster, { replicas: 3 })
    const [set, ...others] = await setsOf(cluster)
    assert.equal(others.length, 0)
    assert.equal(set?.metadata.name, 'web-before')
    assert.equal(set?.metadata.ownerReferences?.[0]?.name, 'web')
    assert.equal(set?.spec.replicas, 3)
  })

  it('carries what its ReplicaSet says about failures', async () => {
    await using cluster = await startControllerCluster(
      named('deployment-controller', 'replicaset-controller'),
    )
    await deploy(cluster)
    await cluster.advance(3_000)
    assert.match(
      (await condition(cluster, 'ReplicaFailure')) ?? '',
      /^True FailedCreate: pods "web-[a-z0-9]+-" is forbidden/,
    )
    await prepareNamespace(cluster)
    await cluster.advance(60_000)
    assert.equal(await condition(cluster, 'ReplicaFailure'), undefined)
  })
})
