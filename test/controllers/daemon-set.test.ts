import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ControllerRevision, DaemonSet, Event, Node, Pod, type DaemonSetInput } from '#api'
import { startControllerCluster, type ControllerCluster } from './harness.ts'
import {
  named,
  podsOf,
  podTemplate,
  prepareNamespace,
  report,
  type Workloads,
} from './workloads.ts'

async function startedCluster(nodes: readonly string[]): Promise<ControllerCluster> {
  const cluster = await startControllerCluster(named('daemonset-controller'))
  await prepareNamespace(cluster)
  for (const name of nodes) await addNode(cluster, name)
  return cluster
}

/** A node is tainted as not ready until somebody finds it ready. */
async function addNode({ client, clock }: Workloads, name: string): Promise<void> {
  await client.resource(Node).create({ metadata: { name } })
  const patch = { spec: { taints: null } }
  await client.resource(Node).patch(name, { type: 'merge', patch })
  await clock.settle()
}

function sets({ client }: Workloads) {
  return client.resource(DaemonSet).namespace('default')
}

async function createSet(cluster: Workloads, spec: Partial<DaemonSetInput['spec']> = {}) {
  await sets(cluster).create({
    metadata: { name: 'agent' },
    spec: { selector: { matchLabels: { app: 'agent' } }, template: podTemplate('agent'), ...spec },
  })
  await cluster.clock.settle()
}

function pods({ client }: Workloads) {
  return client.resource(Pod).namespace('default')
}

function targetOf({ spec }: Pod): string {
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  return required?.nodeSelectorTerms?.[0]?.matchFields?.[0]?.values?.[0] ?? ''
}

async function targets(cluster: Workloads): Promise<readonly string[]> {
  return (await podsOf(cluster, 'app=agent')).map(targetOf).sort()
}

async function setImage(cluster: Workloads, image: string): Promise<void> {
  const spec = { template: { spec: { containers: [{ name: 'main', image }] } } }
  await sets(cluster).patch('agent', { type: 'strategic', patch: { spec } })
  await cluster.clock.settle()
}

async function imagesByNode(cluster: Workloads): Promise<Readonly<Record<string, string>>> {
  const all = await podsOf(cluster, 'app=agent')
  const entries = all.map((pod) => [targetOf(pod), pod.spec.containers?.[0]?.image ?? ''] as const)
  return Object.fromEntries(entries)
}

describe('the DaemonSet controller', () => {
  it('keeps a pod on each node, also on those that come later', async () => {
    await using cluster = await startedCluster(['a', 'b'])
    await createSet(cluster)
    assert.deepEqual(await targets(cluster), ['a', 'b'])
    await report(cluster, await podsOf(cluster, 'app=agent'))
    await addNode(cluster, 'c')
    assert.deepEqual(await targets(cluster), ['a', 'b', 'c'])
    assert.deepEqual((await sets(cluster).get('agent')).status, {
      currentNumberScheduled: 3,
      numberMisscheduled: 0,
      desiredNumberScheduled: 3,
      numberReady: 2,
      observedGeneration: 1,
      updatedNumberScheduled: 3,
      numberAvailable: 2,
      numberUnavailable: 1,
    })
    const { length } = cluster.calls('daemon-set-controller')
    await cluster.advance(3_600_000)
    assert.equal(cluster.calls('daemon-set-controller').length, length)
  })

  it('heeds node selectors and taints', async () => {
    await using cluster = await startedCluster(['a', 'b', 'c'])
    const nodes = cluster.client.resource(Node)
    const label = (name: string, disk: string) =>
      nodes.patch(name, { type: 'merge', patch: { metadata: { labels: { disk } } } })
    const taint = (name: string, effect: string, key = 'mine') =>
      nodes.patch(name, { type: 'merge', patch: { spec: { taints: [{ key, effect }] } } })
    await label('a', 'ssd')
    await label('b', 'ssd')
    await taint('b', 'NoSchedule')
    const template = podTemplate('agent')
    await createSet(cluster, {
      template: { ...template, spec: { ...template.spec, nodeSelector: { disk: 'ssd' } } },
    })
    assert.deepEqual(await targets(cluster), ['a'])
    await taint('b', 'NoSchedule', 'node.kubernetes.io/unschedulable')
    await label('c', 'ssd')
    await cluster.clock.settle()
    assert.deepEqual(await targets(cluster), ['a', 'b', 'c'])
    await taint('a', 'NoSchedule')
    await taint('b', 'NoExecute')
    await label('c', 'hdd')
    await cluster.clock.settle()
    // What runs on a node may stay until it is told to go.
    assert.deepEqual(await targets(cluster), ['a'])
    assert.equal((await sets(cluster).get('agent')).status.numberMisscheduled, 1)
  })

  it('replaces what failed, later each time', async () => {
    await using cluster = await startedCluster(['a'])
    await createSet(cluster)
    const fail = async () => {
      const [pod] = await podsOf(cluster, 'app=agent')
      const { name = '' } = pod?.metadata ?? {}
      const patch = { status: { phase: 'Failed' } }
      await pods(cluster).subresource('status').patch(name, { type: 'merge', patch })
      await cluster.clock.settle()
      return name
    }
    const present = async () => (await podsOf(cluster, 'app=agent'))[0]?.metadata.name
    const first = await fail()
    assert.notEqual(await present(), first)
    const second = await fail()
    assert.equal(await present(), second)
    await cluster.advance(1_000)
    assert.notEqual(await present(), second)
    const { items } = await cluster.client.resource(Event).namespace('default').list()
    const failed = items.find(({ reason }) => reason === 'FailedDaemonPod')
    assert.equal(
      failed?.message,
      `Found failed daemon pod default/${first} on node a, will try to kill it`,
    )
  })

  it('rolls a template out node by node', async () => {
    await using cluster = await startedCluster(['a', 'b', 'c'])
    await createSet(cluster)
    await report(cluster, await podsOf(cluster, 'app=agent'))
    await setImage(cluster, 'busybox:2')
    for (let done = 1; done <= 3; done++) {
      const images = Object.values(await imagesByNode(cluster))
      assert.equal(images.filter((image) => image === 'busybox:2').length, done)
      const all = await podsOf(cluster, 'app=agent')
      await report(
        cluster,
        all.filter(({ status }) => status.phase !== 'Running'),
      )
    }
    const { status } = await sets(cluster).get('agent')
    assert.equal(status.updatedNumberScheduled, 3)
    assert.equal(status.numberAvailable, 3)
    const revisions = await cluster.client.resource(ControllerRevision).namespace('default').list()
    assert.deepEqual(
      revisions.items.map(({ revision }) => revision).sort((a, b) => a - b),
      [1, 2],
    )
    // kubectl rollout undo: the earlier template becomes the newest revision again.
    await setImage(cluster, 'busybox:1')
    const after = await cluster.client.resource(ControllerRevision).namespace('default').list()
    assert.deepEqual(
      after.items.map(({ revision }) => revision).sort((a, b) => a - b),
      [2, 3],
    )
  })

  it('surges: the new pod is available before the old one goes', async () => {
    await using cluster = await startedCluster(['a', 'b'])
    await createSet(cluster, {
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    })
    await report(cluster, await podsOf(cluster, 'app=agent'))
    await setImage(cluster, 'busybox:2')
    assert.equal((await targets(cluster)).length, 3)
    for (let round = 0; round < 3; round++) {
      const all = await podsOf(cluster, 'app=agent')
      await report(
        cluster,
        all.filter(({ status }) => status.phase !== 'Running'),
      )
    }
    assert.deepEqual(await imagesByNode(cluster), { a: 'busybox:2', b: 'busybox:2' })
    assert.equal((await targets(cluster)).length, 2)
  })

  it('leaves pods as they are with OnDelete', async () => {
    await using cluster = await startedCluster(['a', 'b'])
    await createSet(cluster, { updateStrategy: { type: 'OnDelete' } })
    await report(cluster, await podsOf(cluster, 'app=agent'))
    await setImage(cluster, 'busybox:2')
    assert.deepEqual(await imagesByNode(cluster), { a: 'busybox:1', b: 'busybox:1' })
    const [pod] = (await podsOf(cluster, 'app=agent')).filter((each) => targetOf(each) === 'a')
    await pods(cluster).delete(pod?.metadata.name ?? '', { gracePeriodSeconds: 0 })
    await cluster.clock.settle()
    assert.deepEqual(await imagesByNode(cluster), { a: 'busybox:2', b: 'busybox:1' })
  })
})
