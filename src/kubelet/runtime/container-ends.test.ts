import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '#base'
import { KubeletError } from '../error.ts'
import { testContainer } from '../testing/objects.ts'
import { ContainerEnds } from './container-ends.ts'
import type { ContainerState } from './runtime.ts'

type Shown = ContainerState | 'gone' | 'unreached'

/** A runtime that shows a container so. */
function world() {
  const clock = new VirtualClock()
  let shown: Shown = 'running'
  let looks = 0
  const ends = new ContainerEnds(
    {
      async containerStatus(id) {
        looks++
        if (shown === 'gone') throw new KubeletError('NotFound', 'no such container')
        if (shown === 'unreached') throw new KubeletError('RuntimeUnavailable', 'no answer')
        return testContainer(id, { state: shown })
      },
    },
    clock,
  )
  const aborter = new AbortController()
  let over = false
  return {
    clock,
    ends,
    show: (now: Shown) => void (shown = now),
    looks: () => looks,
    abort: () => aborter.abort(),
    begin: async () => {
      void ends.wait('main', aborter.signal).then(() => void (over = true))
      await clock.settle()
    },
    isOver: async () => {
      await clock.settle()
      return over
    },
  }
}

test('a container that has ended, or is gone, is not waited for', async () => {
  for (const shown of ['exited', 'gone'] as const) {
    const { show, begin, isOver } = world()
    show(shown)
    await begin()
    assert.equal(await isOver(), true, shown)
  }
})

test('nobody looks while nothing is told', async () => {
  const { clock, looks, begin, isOver } = world()
  await begin()
  await clock.advance(3_600_000)
  assert.equal(await isOver(), false)
  assert.equal(looks(), 1)
})

test('the end is told a moment before it is shown', async () => {
  const { clock, ends, show, begin, isOver } = world()
  await begin()
  ends.ended('other')
  ends.ended('main')
  await clock.advance(30)
  assert.equal(await isOver(), false)
  show('exited')
  await clock.advance(10)
  assert.equal(await isOver(), true)
})

test('an end that never shows is not looked for without end', async () => {
  const { clock, ends, looks, begin, isOver } = world()
  await begin()
  ends.ended('main')
  await clock.advance(60_000)
  assert.equal(await isOver(), false)
  assert.ok(looks() <= 210, `${looks()} looks`)
})

test('after a gap it is looked, and again while the runtime is not reached', async () => {
  const { clock, ends, show, begin, isOver } = world()
  await begin()
  show('unreached')
  ends.gap()
  await clock.advance(2_500)
  assert.equal(await isOver(), false)
  show('exited')
  await clock.advance(1_000)
  assert.equal(await isOver(), true)
})

test('the wait ends with its signal', async () => {
  const { abort, begin, isOver } = world()
  await begin()
  abort()
  assert.equal(await isOver(), true)
})
