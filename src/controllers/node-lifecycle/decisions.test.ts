import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { nodeLifecycleDefaults } from './options.ts'
import { EvictionQueue } from './eviction-queue.ts'
import { disruption, zoneState, type ZoneCount, type ZoneState } from './zones.ts'

describe('zoneState', () => {
  const cases: readonly [ready: number, notReady: number, state: ZoneState][] = [
    [0, 0, 'Normal'],
    [0, 1, 'FullDisruption'],
    [0, 9, 'FullDisruption'],
    [1, 2, 'Normal'],
    [2, 3, 'PartialDisruption'],
    [5, 6, 'Normal'],
    [9, 11, 'PartialDisruption'],
    [3, 3, 'Normal'],
  ]
  for (const [ready, notReady, state] of cases) {
    it(`${ready} ready and ${notReady} not: ${state}`, () => {
      assert.equal(zoneState({ ready, notReady }, 0.55), state)
    })
  }
})

describe('disruption', () => {
  const normal: ZoneCount = { ready: 9, notReady: 1 }
  const lost: ZoneCount = { ready: 0, notReady: 4 }
  const half: ZoneCount = { ready: 2, notReady: 8 }
  const largeHalf: ZoneCount = { ready: 20, notReady: 80 }
  const cases: readonly {
    what: string
    before: Record<string, ZoneState>
    zones: Record<string, ZoneCount>
    mode: string
    rates: Record<string, number>
  }[] = [
    { what: 'no nodes', before: {}, zones: {}, mode: 'usual', rates: {} },
    { what: 'a new zone', before: {}, zones: { a: normal }, mode: 'usual', rates: { a: 0.1 } },
    {
      what: 'as before',
      before: { a: 'Normal' },
      zones: { a: normal },
      mode: 'usual',
      rates: {},
    },
    {
      what: 'a small zone in trouble stops',
      before: { a: 'Normal', b: 'Normal' },
      zones: { a: half, b: normal },
      mode: 'usual',
      rates: { a: 0 },
    },
    {
      what: 'a large one slows down',
      before: { a: 'Normal', b: 'Normal' },
      zones: { a: largeHalf, b: normal },
      mode: 'usual',
      rates: { a: 0.01 },
    },
    {
      what: 'one of two is lost',
      before: { a: 'Normal', b: 'Normal' },
      zones: { a: lost, b: normal },
      mode: 'usual',
      rates: { a: 0.1 },
    },
    {
      what: 'all are lost',
      before: { a: 'Normal', b: 'FullDisruption' },
      zones: { a: lost, b: lost },
      mode: 'entering',
      rates: { a: 0, b: 0 },
    },
    {
      what: 'all are lost still',
      before: { a: 'FullDisruption' },
      zones: { a: lost },
      mode: 'usual',
      rates: {},
    },
    {
      what: 'the first is back',
      before: { a: 'FullDisruption', b: 'FullDisruption' },
      zones: { a: normal, b: lost },
      mode: 'leaving',
      rates: { a: 0.1, b: 0.1 },
    },
    {
      what: 'a zone is gone',
      before: { a: 'FullDisruption', b: 'Normal' },
      zones: { b: normal },
      mode: 'usual',
      rates: {},
    },
  ]
  for (const { what, before, zones, mode, rates } of cases) {
    it(what, () => {
      const found = disruption(
        new Map(Object.entries(before)),
        new Map(Object.entries(zones)),
        nodeLifecycleDefaults,
      )
      assert.equal(found.mode, mode)
      assert.deepEqual(Object.fromEntries(found.rates), rates)
      assert.deepEqual([...found.states.keys()], Object.keys(zones))
    })
  }
})

describe('EvictionQueue', () => {
  it('gives the first node at once and the others at the rate, in order', () => {
    const queue = new EvictionQueue(0.1, 0)
    assert.equal(queue.next(0), undefined)
    assert.equal(queue.add('a'), true)
    assert.equal(queue.add('b'), true)
    assert.equal(queue.add('a'), false)
    assert.deepEqual(queue.next(60_000), { name: 'a' })
    queue.remove('a')
    assert.deepEqual(queue.next(60_000), { waitMs: 10_000 })
    assert.deepEqual(queue.next(64_000), { waitMs: 6_000 })
    assert.deepEqual(queue.next(70_000), { name: 'b' })
  })

  it('stops at no rate, and waits anew when it goes on', () => {
    const queue = new EvictionQueue(0.1, 0)
    queue.add('a')
    queue.setRate(0, 0)
    assert.equal(queue.next(100_000), undefined)
    queue.setRate(1, 100_000)
    assert.deepEqual(queue.next(100_000), { waitMs: 1_000 })
    queue.setRate(1, 100_500)
    assert.deepEqual(queue.next(101_000), { name: 'a' })
  })
})
