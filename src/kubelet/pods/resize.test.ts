import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testContainer, testPod } from '../testing/objects.ts'
import { allocate, allocatedBefore, outdatedResources } from './resize.ts'

const allocatable = { cpu: '2', memory: '1Gi' }
const asks = (cpu: string, limit = cpu) => ({
  spec: {
    containers: [
      { name: 'main', image: 'web', resources: { requests: { cpu }, limits: { cpu: limit } } },
    ],
  },
})
const cpuOf = (pod: ReturnType<typeof testPod>) =>
  pod.spec.containers?.[0]?.resources.requests?.['cpu']

test('a pod is given what it wants where there is room for it, and keeps what it has else', () => {
  const others = () => [testPod('other', asks('1'))]
  const had = testPod('web', asks('500m'))
  const table: readonly [string, string, string | undefined, string | undefined][] = [
    ['500m', '500m', undefined, undefined],
    ['1', '1', undefined, undefined],
    [
      '1100m',
      '500m',
      'Deferred',
      "Node didn't have enough resource: cpu, requested: 1100, used: 1000, capacity: 2000",
    ],
    [
      '3',
      '500m',
      'Infeasible',
      "Node didn't have enough capacity: cpu, requested: 3000, capacity: 2000",
    ],
  ]
  for (const [wanted, given, reason, message] of table) {
    const found = allocate(testPod('web', asks(wanted)), had, { allocatable, pods: others })
    assert.equal(cpuOf(found.pod), given)
    assert.deepEqual([found.pending?.reason, found.pending?.message], [reason, message])
  }
})

test('nobody else is looked at for a pod that wants what it has', () => {
  const pods = () => assert.fail('not asked for')
  const had = testPod('web', asks('9'))
  assert.equal(allocate(had, had, { allocatable, pods }).pending, undefined)
})

test('a kubelet that starts again goes by the status', () => {
  const resources = { limits: { cpu: '1' }, requests: { cpu: '500m' } }
  const containerStatuses = [{ name: 'main', resources, allocatedResources: { cpu: '500m' } }]
  const pod = testPod('web', { ...asks('3'), status: { containerStatuses } })
  const before = allocatedBefore(pod).spec.containers?.[0]?.resources
  assert.deepEqual({ ...before }, { limits: { cpu: '1' }, requests: { cpu: '500m' } })
  assert.equal(cpuOf(allocatedBefore(testPod('web', asks('3')))), '3')
})

test('what is not limited is not compared', () => {
  const none = { cpuPeriod: 0, cpuQuota: 0, memoryLimitInBytes: 0, oomScoreAdj: 0 }
  const status = testContainer('main', { resources: { ...none, cpuShares: 2, cpuQuota: -1 } })
  assert.deepEqual(outdatedResources(status, { ...none, cpuShares: 2 }), [])
  assert.deepEqual(outdatedResources(status, { ...none, cpuShares: 3 }), ['cpu'])
})
