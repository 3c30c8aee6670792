import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Node, Pod, ServiceAccount } from '#api'
import { controllers } from '#controllers'
import { startControllerCluster, type ControllerCluster } from './harness.ts'
import { Kubelets } from './nodes.ts'

const names = ['node-lifecycle-controller', 'taint-eviction-controller']
const tested = controllers().filter(({ name }) => names.includes(name))

async function start(): Promise<ControllerCluster> {
  const cluster = await startControllerCluster(tested)
  const accounts = cluster.client.resource(ServiceAccount)
  await accounts.create({ metadata: { name: 'default', namespace: 'default' } })
  return cluster
}

async function podsLeft({ client }: ControllerCluster): Promise<readonly string[]> {
  const { items } = await client.resource(Pod).namespace('default').list()
  return items
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata }) => metadata.name ?? '')
}

describe('a node', () => {
  it('that is ready loses the taint it registered with, and gets the labels of old', async () => {
    await using cluster = await start()
    const kubelets = new Kubelets(cluster)
    await kubelets.register('a')
    assert.deepEqual(await kubelets.taints('a'), ['not-ready:NoSchedule'])
    await kubelets.live(['a'], 20_000)
    assert.deepEqual(await kubelets.taints('a'), [])
    const { metadata } = await kubelets.node('a')
    assert.equal(metadata.labels?.['beta.kubernetes.io/os'], 'linux')
    assert.deepEqual(await kubelets.events('a'), [
      'Normal | RegisteredNode | Registered Node a in Controller | node-controller',
    ])
    await cluster.client.resource(Node).patch('a', {
      type: 'merge',
      patch: { spec: { unschedulable: true } },
    })
    await cluster.clock.settle()
    assert.deepEqual(await kubelets.taints('a'), ['unschedulable:NoSchedule'])
    await cluster.client.resource(Node).delete('a')
    await cluster.advance(5_000)
    assert.deepEqual((await kubelets.events('a')).slice(1), [
      'Normal | RemovingNode | Removing Node a from Controller | node-controller',
    ])
  })

  it('that falls silent becomes Unknown, and its pods go when their toleration ends', async () => {
    await using cluster = await start()
    const kubelets = new Kubelets(cluster)
    await kubelets.register('a')
    await kubelets.register('b')
    await kubelets.live(['a', 'b'], 20_000)
    await kubelets.run('usual', 'a')
    await kubelets.run('staying', 'a', { tolerations: [{ operator: 'Exists' }] })
    await kubelets.run('elsewhere', 'b')
    await kubelets.live(['b'], 40_000)
    const silent = await kubelets.node('a')
    assert.equal(silent.status.conditions?.[0]?.status, 'True')

    await kubelets.live(['b'], 20_000)
    const unknown = await kubelets.node('a')
    assert.deepEqual(
      unknown.status.conditions?.map(({ type, status, reason, message }) =>
        [type, status, reason, message].join(' '),
      ),
      [
        'Ready Unknown NodeStatusUnknown Kubelet stopped posting node status.',
        'MemoryPressure Unknown NodeStatusUnknown Kubelet stopped posting node status.',
        'DiskPressure Unknown NodeStatusNeverUpdated Kubelet never posted node status.',
        'PIDPressure Unknown NodeStatusNeverUpdated Kubelet never posted node status.',
      ],
    )
    assert.deepEqual(await kubelets.taints('a'), [
      'unreachable:NoExecute',
      'unreachable:NoSchedule',
    ])
    assert.ok(unknown.spec.taints?.every(({ timeAdded }) => timeAdded !== undefined))
    assert.deepEqual((await kubelets.events('a')).slice(1), [
      'Normal | NodeNotReady | Node a status is now: NodeNotReady | node-controller',
    ])
    assert.deepEqual(await kubelets.events('usual'), [
      'Warning | NodeNotReady | Node is not ready | node-controller',
    ])
    const pods = cluster.client.resource(Pod).namespace('default')
    const { status } = await pods.get('usual')
    assert.deepEqual(status.conditions?.find(({ type }) => type === 'Ready')?.status, 'False')

    await kubelets.live(['b'], 280_000)
    assert.deepEqual(await podsLeft(cluster), ['elsewhere', 'staying', 'usual'])
    await kubelets.live(['b'], 30_000)
    assert.deepEqual(await podsLeft(cluster), ['elsewhere', 'staying'])
    const going = await pods.get('usual')
    const target = going.status.conditions?.find(({ type }) => type === 'DisruptionTarget')
    assert.deepEqual(
      [target?.status, target?.reason, target?.message],
      ['True', 'DeletionByTaintManager', 'Taint manager: deleting due to NoExecute taint'],
    )
    assert.equal(going.metadata.deletionGracePeriodSeconds, 30)
    assert.deepEqual((await kubelets.events('usual')).slice(1), [
      'Normal | TaintManagerEviction | Marking for deletion Pod default/usual | taint-eviction-controller',
    ])
  })

  it('that comes back in time keeps its pods', async () => {
    await using cluster = await start()
    const kubelets = new Kubelets(cluster)
    await kubelets.register('a')
    await kubelets.register('b')
    await kubelets.live(['a', 'b'], 20_000)
    await kubelets.run('usual', 'a')
    await kubelets.post('a', 'False')
    await kubelets.live(['a', 'b'], 20_000)
    assert.deepEqual(await kubelets.taints('a'), ['not-ready:NoExecute', 'not-ready:NoSchedule'])
    await kubelets.live(['b'], 70_000)
    assert.deepEqual(await kubelets.taints('a'), [
      'unreachable:NoExecute',
      'unreachable:NoSchedule',
    ])
    await kubelets.post('a', 'True')
    await kubelets.live(['a', 'b'], 600_000)
    assert.deepEqual(await kubelets.taints('a'), [])
    assert.deepEqual(await podsLeft(cluster), ['usual'])
    assert.deepEqual((await kubelets.events('usual')).slice(-1), [
      'Normal | TaintManagerEviction | Cancelling deletion of Pod default/usual | taint-eviction-controller',
    ])
  })

  it('that never says anything becomes Unknown after its start', async () => {
    await using cluster = await start()
    const kubelets = new Kubelets(cluster)
    await cluster.client.resource(Node).create({ metadata: { name: 'mute' } })
    await cluster.advance(59_000)
    assert.equal((await kubelets.node('mute')).status.conditions, undefined)
    await cluster.advance(10_000)
    const { status, spec } = await kubelets.node('mute')
    assert.deepEqual(
      status.conditions?.map(({ status, reason }) => `${status} ${reason}`),
      Array.from({ length: 4 }, () => 'Unknown NodeStatusNeverUpdated'),
    )
    // The only node there is: that is no reason to evict.
    assert.deepEqual(
      spec.taints?.map(({ key, effect }) => `${key} ${effect}`),
      ['node.kubernetes.io/unreachable NoSchedule'],
    )
  })
})

describe('a zone', () => {
  const zone = (name: string) => ({ 'topology.kubernetes.io/zone': name })
  const evicting = async (kubelets: Kubelets, nodes: readonly string[]) => {
    const found: string[] = []
    for (const name of nodes) {
      if ((await kubelets.taints(name)).includes('unreachable:NoExecute')) found.push(name)
    }
    return found
  }

  it('is evicted node by node', async () => {
    await using cluster = await start()
    const kubelets = new Kubelets(cluster)
    const nodes = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
    for (const name of nodes) await kubelets.register(name, zone('one'))
    await kubelets.live(nodes, 20_000)
    await kubelets.live(nodes.slice(3), 60_000)
    const counts: number[] = []
    for (let i = 0; i < 4; i++) {
      counts.push((await evicting(kubelets, nodes)).length)
      await kubelets.live(nodes.slice(3), 10_000)
    }
    assert.deepEqual(counts, [1, 2, 3, 3])
  })

  it('that is disrupted in part and small is not evicted', async () => {
    await using cluster = await start()
    const kubelets = new Kubelets(cluster)
    const nodes = ['a', 'b', 'c', 'd', 'e']
    for (const name of nodes) await kubelets.register(name, zone('one'))
    await kubelets.register('other', zone('two'))
    await kubelets.live([...nodes, 'other'], 20_000)
    await kubelets.live(['e', 'other'], 300_000)
    assert.deepEqual(await evicting(kubelets, nodes), [])
  })

  it('that is lost is evicted while another lives; all lost are not', async () => {
    await using cluster = await start()
    const kubelets = new Kubelets(cluster)
    for (const name of ['a', 'b']) await kubelets.register(name, zone('one'))
    await kubelets.register('other', zone('two'))
    await kubelets.live(['a', 'b', 'other'], 20_000)
    await kubelets.live(['other'], 120_000)
    assert.deepEqual(await evicting(kubelets, ['a', 'b']), ['a', 'b'])
    await kubelets.live([], 120_000)
    assert.deepEqual(await evicting(kubelets, ['a', 'b', 'other']), [])
    await kubelets.post('other', 'True')
    await kubelets.live(['other'], 120_000)
    assert.deepEqual(await evicting(kubelets, ['a', 'b', 'other']), ['a', 'b'])
  })

  it('writes nothing while nothing changes', async () => {
    await using cluster = await start()
    const kubelets = new Kubelets(cluster)
    for (const name of ['a', 'b']) await kubelets.register(name)
    await kubelets.live(['a', 'b'], 60_000)
    const calls = cluster.calls('node-controller').length
    await kubelets.live(['a', 'b'], 600_000)
    assert.equal(cluster.calls('node-controller').length, calls)
  })
})
