import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { judge, type Judged, type OwnerState } from './verdict.ts'

function judged(states: readonly OwnerState[], more: Partial<Judged> = {}) {
  const owners = states.map((state, i) => ({ uid: `owner-${i}`, state }))
  return judge({
    owners,
    finalizers: [],
    hasDependents: false,
    hasWaitingDependent: false,
    ...more,
  })
}

const remove = (propagationPolicy: string, unblockOwners = false) => ({
  action: 'delete',
  propagationPolicy,
  unblockOwners,
})

describe('judge', () => {
  it('keeps what nobody owns and what has nothing but good owners', () => {
    assert.deepEqual(judged([]), { action: 'keep' })
    assert.deepEqual(judged(['solid', 'solid']), { action: 'keep' })
  })

  it('keeps what one owner holds, without the others', () => {
    assert.deepEqual(judged(['dangling', 'solid', 'waiting']), {
      action: 'release',
      owners: ['owner-0', 'owner-2'],
    })
  })

  it('deletes what nobody holds as its own finalizers say', () => {
    assert.deepEqual(judged(['dangling']), remove('Background'))
    assert.deepEqual(judged(['dangling'], { finalizers: ['orphan'] }), remove('Orphan'))
    const foreground = { finalizers: ['foregroundDeletion'] }
    assert.deepEqual(judged(['dangling'], foreground), remove('Foreground'))
    assert.deepEqual(judged(['waiting']), remove('Background'))
  })

  it('passes foreground deletion on, and breaks circles', () => {
    assert.deepEqual(judged(['waiting'], { hasDependents: true }), remove('Foreground'))
    const circle = { hasDependents: true, hasWaitingDependent: true }
    assert.deepEqual(judged(['waiting', 'dangling'], circle), remove('Foreground', true))
    assert.deepEqual(judged(['dangling'], circle), remove('Background'))
  })
})
