import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatTime } from '#base'
import type { Taint } from '#api'
import { changedTaints, notReadyNoExecute, unreachableNoExecute } from './taints.ts'

describe('changedTaints', () => {
  const nowMs = 1_767_225_600_000
  const timeAdded = formatTime(nowMs)
  const earlier = formatTime(nowMs - 60_000)
  const kept: Taint = { key: 'dedicated', value: 'x', effect: 'NoSchedule' }
  const unreachable: Taint = { ...unreachableNoExecute, timeAdded: earlier }

  it('exchanges one for another, and says since when', () => {
    const change = { add: [notReadyNoExecute], remove: [unreachableNoExecute] }
    assert.deepEqual(changedTaints([unreachable, kept], change, nowMs), [
      kept,
      { ...notReadyNoExecute, timeAdded },
    ])
  })

  it('leaves what is there since when it was', () => {
    const change = { add: [unreachableNoExecute], remove: [notReadyNoExecute] }
    assert.equal(changedTaints([unreachable, kept], change, nowMs), undefined)
  })

  it('tells effects apart', () => {
    const change = { add: [], remove: [{ key: 'dedicated', effect: 'NoExecute' as const }] }
    assert.equal(changedTaints([kept], change, nowMs), undefined)
  })
})
