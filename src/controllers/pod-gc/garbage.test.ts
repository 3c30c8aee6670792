import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatTime } from '#base'
import type { Pod } from '#api'
import { excessTerminated, garbageReason } from './garbage.ts'

const time = formatTime(1_767_225_600_000)

function pod(change: {
  readonly name?: string
  readonly nodeName?: string
  readonly deleted?: number
  readonly status?: Pod['status']
  readonly createdMs?: number
}): Pod {
  const { name = 'p', nodeName, deleted, status = {}, createdMs = 0 } = change
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      creationTimestamp: formatTime(createdMs),
      ...(deleted !== undefined && {
        deletionTimestamp: time,
        deletionGracePeriodSeconds: deleted,
      }),
    },
    spec: { containers: [], ...(nodeName !== undefined && { nodeName }) } as unknown as Pod['spec'],
    status,
  }
}

describe('garbageReason', () => {
  it('of pods without a node: whether they are to go', () => {
    assert.equal(garbageReason(pod({}), undefined), undefined)
    assert.equal(garbageReason(pod({ deleted: 30 }), undefined), 'unscheduled')
  })

  it('of pods whose node is gone: that, until all was done', () => {
    assert.equal(garbageReason(pod({ nodeName: 'a' }), undefined), 'orphaned')
    const status = { phase: 'Failed' } as const
    assert.equal(garbageReason(pod({ nodeName: 'a', deleted: 30, status }), undefined), 'orphaned')
    assert.equal(garbageReason(pod({ nodeName: 'a', deleted: 0, status }), undefined), undefined)
  })
})

describe('excessTerminated', () => {
  const succeeded = (name: string, createdMs: number) =>
    pod({ name, createdMs, status: { phase: 'Succeeded' } })
  const evicted = pod({
    name: 'e',
    createdMs: 9_000,
    status: { phase: 'Failed', reason: 'Evicted' },
  })
  const all = [succeeded('c', 3_000), succeeded('b', 2_000), succeeded('a', 2_000), evicted]
  const names = (max: number) => excessTerminated(all, max).map(({ metadata }) => metadata.name)

  it('is none up to the number, and without one', () => {
    assert.deepEqual(names(4), [])
    assert.deepEqual(names(0), [])
  })

  it('is first what was evicted, then the oldest, then by name', () => {
    assert.deepEqual(names(3), ['e'])
    assert.deepEqual(names(1), ['e', 'a', 'b'])
  })
})
