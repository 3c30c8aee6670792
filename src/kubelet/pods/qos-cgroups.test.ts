import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api'
import { silentLog } from '#base'
import { FakeCgroups } from '#linux'
import { testPod } from '../testing/objects.ts'
import { qosCgroups, QosCgroups } from './qos-cgroups.ts'

const allocatable = { cpu: '4', memory: '8Gi' }
const podOf = (name: string, cpu: string | undefined, phase = 'Running') => {
  const resources = cpu === undefined ? {} : { requests: { cpu } }
  return testPod(name, {
    spec: { containers: [{ name: 'main', image: 'web', resources }] },
    status: { phase },
  })
}

test('classes of pods share the CPU as their pods ask for', () => {
  const pods = [
    podOf('a', '500m'),
    podOf('b', '1'),
    podOf('over', '1', 'Succeeded'),
    podOf('c', undefined),
  ]
  assert.deepEqual(qosCgroups('/node', allocatable, pods), {
    '/node/kubepods': { cpuShares: 4096, memoryBytes: 8 * 1024 ** 3 },
    '/node/kubepods/burstable': { cpuShares: 1536 },
    '/node/kubepods/besteffort': { cpuShares: 2 },
  })
})

test('only what has changed is written, and what failed is written next time', async () => {
  const written: string[] = []
  let broken = false
  class Counting extends FakeCgroups {
    override async ensure(path: string, limits: object) {
      if (broken) throw new Error('no')
      written.push(path)
      await super.ensure(path, limits)
    }
  }
  let pods: readonly Pod[] = []
  const qos = new QosCgroups(new Counting(), silentLog, () => qosCgroups('', allocatable, pods))
  const change = async (now: readonly Pod[]) => {
    pods = now
    qos.changed()
    qos.changed()
    await qos.settled()
  }
  await change([])
  assert.equal(written.splice(0).length, 3)
  await change([])
  assert.deepEqual(written, [])
  broken = true
  await change([podOf('a', '1')])
  broken = false
  await change([podOf('a', '1')])
  assert.deepEqual(written, ['/kubepods/burstable'])
})
