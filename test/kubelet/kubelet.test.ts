import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Node } from '#api'
import { eventually, startNodeInMemory, type NodeInMemory } from './node-in-memory.ts'

/* What a real runtime does not do on demand. */

let node: NodeInMemory

before(async () => {
  node = await startNodeInMemory()
})

after(() => node.stop())

test('the node says which runtime it has', async () => {
  const { status } = await node.admin.resource(Node).get('node-1')
  assert.equal(status.nodeInfo?.containerRuntimeVersion, 'fake://1')
  assert.equal(status.addresses?.[0]?.address, '192.0.2.1')
  assert.deepEqual(status.images?.[0]?.names, ['web'])
  const told = await eventually('the events of the node', async () => {
    const found = await node.events('node-1')
    return found.length >= 2 && found
  })
  assert.deepEqual(told.sort(), [
    'NodeReady Node node-1 status is now: NodeReady',
    'Starting Starting kubelet.',
  ])
})

test('a sandbox that cannot be made is told and tried again', async () => {
  node.runtime.failures.set('runSandbox', new Error('no network'))
  await node.create('unlucky')
  await eventually('the event', async () =>
    (await node.events('unlucky')).includes(
      'FailedCreatePodSandBox Failed to create pod sandbox: no network',
    ),
  )
  node.runtime.failures.delete('runSandbox')
  await node.untilRunning('unlucky')
})

test('a sandbox that is lost is made anew, with its containers', async () => {
  const { metadata } = await node.pods.get('unlucky')
  const [sandbox] = await node.runtime.sandboxes(metadata.uid)
  await node.runtime.stopSandbox(sandbox?.id ?? '')
  const pod = await node.untilRunning('unlucky', 1)
  const [next] = await node.runtime.sandboxes(metadata.uid)
  assert.equal(next?.attempt, 1)
  assert.equal(pod.status.podIP, (await node.runtime.sandboxStatus(next?.id ?? '')).ips[0])
  assert.ok(
    (await node.events('unlucky')).includes(
      'SandboxChanged Pod sandbox changed, it will be killed and re-created.',
    ),
  )
})

test("a pod with the node's DNS looks names up as the node does", async () => {
  await node.create('resolving', { dnsPolicy: 'Default' })
  const { metadata } = await node.untilRunning('resolving')
  const [sandbox] = await node.runtime.sandboxes(metadata.uid)
  assert.deepEqual(node.runtime.sandboxConfigs.get(sandbox?.id ?? '')?.dnsConfig, {
    servers: ['192.0.2.53'],
    searches: ['of.the.node'],
    options: [],
  })
})

test('deletion gives the grace that was asked for, and leaves no cgroup', async () => {
  const { metadata } = await node.pods.get('unlucky')
  assert.ok([...node.cgroups.groups.keys()].some((path) => path.endsWith(`pod${metadata.uid}`)))
  await node.pods.delete('unlucky', { gracePeriodSeconds: 7 })
  await node.untilGone('unlucky')
  assert.ok(node.runtime.calls.includes('stopContainer main/1 7s'), node.runtime.calls.join('\n'))
  assert.ok(![...node.cgroups.groups.keys()].some((path) => path.endsWith(`pod${metadata.uid}`)))
})

test('the image is pulled where it is not there', async () => {
  const container = { name: 'main', image: 'other', imagePullPolicy: 'IfNotPresent' as const }
  await node.create('pulling', { containers: [container] })
  await node.untilRunning('pulling')
  const told = await node.events('pulling')
  assert.ok(told.includes('Pulling Pulling image "other"'))
  assert.ok(told.some((message) => message.startsWith('Pulled Successfully pulled image "other"')))
  await node.pods.delete('pulling')
  await node.untilGone('pulling')
})

test('a pod past its deadline has failed', async () => {
  await node.create('late', { activeDeadlineSeconds: 1 })
  const pod = await eventually('it to fail', async () => {
    const found = await node.pods.get('late')
    return found.status.phase === 'Failed' && found
  })
  assert.equal(pod.status.reason, 'DeadlineExceeded')
  await node.pods.delete('late')
  await node.untilGone('late')
})

test('a pod that is to run once fails with its container', async () => {
  const { metadata } = await node.create('once', { restartPolicy: 'Never' })
  await node.untilRunning('once')
  node.runtime.exit(metadata.uid ?? '', 'main', 5)
  const pod = await eventually('it to fail', async () => {
    const found = await node.pods.get('once')
    return found.status.phase === 'Failed' && found
  })
  assert.equal(pod.status.containerStatuses?.[0]?.state?.terminated?.exitCode, 5)
})

test('sidecars are ended with grace when the others are done', async () => {
  const side = { name: 'side', image: 'web', restartPolicy: 'Always' as const }
  const { metadata } = await node.create('aided', {
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: 9,
    initContainers: [side],
  })
  await node.untilRunning('aided')
  node.runtime.exit(metadata.uid ?? '', 'main', 0)
  await eventually('it to succeed', async () => {
    return (await node.pods.get('aided')).status.phase === 'Succeeded'
  })
  assert.ok(node.runtime.calls.includes('stopContainer side/0 9s'), node.runtime.calls.join('\n'))
  assert.ok((await node.events('aided')).includes('Killing Stopping container side'))
})

test('a container whose postStart hook fails is ended with grace; events do not tell secrets', async () => {
  node.runtime.answer = () => ({ exitCode: 1, stdout: 'secret', stderr: '' })
  const lifecycle = { postStart: { exec: { command: ['hook'] } } }
  await node.create('hooked', {
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: 8,
    containers: [{ name: 'main', image: 'web', lifecycle }],
  })
  await eventually('its end', async () =>
    node.runtime.calls.some((call) => call === 'stopContainer main/0 8s'),
  )
  const told = await eventually('the events', async () => {
    const found = await node.events('hooked')
    return found.includes('Killing FailedPostStartHook') && found
  })
  assert.ok(told.includes('FailedPostStartHook PostStartHook failed'))
  assert.ok(!told.some((message) => message.includes('secret')))
})

test('a pod that is being ended tells whether it still serves', async () => {
  node.runtime.answer = () => ({ exitCode: 0, stdout: '', stderr: '' })
  const readinessProbe = { exec: { command: ['ready'] }, periodSeconds: 1, failureThreshold: 1 }
  const lifecycle = { preStop: { sleep: { seconds: 25 } } }
  await node.create('leaving', {
    containers: [{ name: 'main', image: 'web', readinessProbe, lifecycle }],
  })
  const isReady = async () => {
    const { status } = await node.pods.get('leaving')
    return status.conditions?.find(({ type }) => type === 'Ready')?.status === 'True'
  }
  await eventually('it to be ready', isReady)
  await node.pods.delete('leaving')
  node.runtime.answer = () => ({ exitCode: 1, stdout: '', stderr: '' })
  await eventually('it to be unready', async () => !(await isReady()))
  const { metadata, status } = await node.pods.get('leaving')
  assert.ok(metadata.deletionTimestamp !== undefined)
  assert.ok(status.containerStatuses?.[0]?.state?.running !== undefined)
  // A shorter grace does not wait for the hook.
  await node.pods.delete('leaving', { gracePeriodSeconds: 1 })
  await eventually('the end', () => node.runtime.calls.includes('stopContainer main/0 1s'))
  await node.untilGone('leaving')
})
