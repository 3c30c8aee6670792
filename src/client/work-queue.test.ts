import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { VirtualClock } from '#base'
import { bucketRateLimiter, controllerRateLimiter, exponentialRateLimiter } from './rate-limiter.ts'
import { WorkQueue } from './work-queue.ts'

describe('a work queue', () => {
  it('gives each key once, in order', async () => {
    const queue = new WorkQueue({ clock: new VirtualClock() })
    for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key)
    assert.equal(queue.length, 3)
    assert.deepEqual(await Promise.all([queue.next(), queue.next(), queue.next()]), ['a', 'b', 'c'])
  })

  it('serves those who wait in order', async () => {
    const queue = new WorkQueue({ clock: new VirtualClock() })
    const both = Promise.all([queue.next(), queue.next()])
    queue.add('a')
    queue.add('b')
    assert.deepEqual(await both, ['a', 'b'])
  })

  it('gives a key that was added while it was worked on again, after it is done', async () => {
    const queue = new WorkQueue({ clock: new VirtualClock() })
    queue.add('a')
    const first = await queue.next()
    queue.add('a')
    queue.add('a')
    queue.add('b')
    assert.equal(queue.length, 1)
    queue.done(first ?? '')
    assert.equal(queue.length, 2)
    assert.deepEqual([await queue.next(), await queue.next()], ['b', 'a'])
    queue.done('a')
    queue.done('b')
    assert.equal(queue.length, 0)
  })

  it('keeps the shortest of several delays', async () => {
    const clock = new VirtualClock()
    const queue = new WorkQueue({ clock })
    queue.addAfter('a', 100)
    queue.addAfter('a', 50)
    queue.addAfter('a', 200)
    queue.addAfter('now', 0)
    assert.equal(queue.length, 1)
    await clock.advance(49)
    assert.equal(queue.length, 1)
    await clock.advance(1)
    assert.equal(queue.length, 2)
    assert.equal(clock.pendingTimers, 0)
  })

  it('drains at shutdown: what waits is given out, delayed keys are not', async () => {
    const clock = new VirtualClock()
    const queue = new WorkQueue({ clock })
    queue.add('a')
    queue.add('b')
    queue.addAfter('late', 10)
    const a = await queue.next()
    queue.add('a')
    let drained = false
    const shutDown = queue.shutDown().then(() => (drained = true))
    queue.add('c')
    assert.equal(await queue.next(), 'b')
    const waiting = queue.next()
    queue.done('b')
    queue.done(a ?? '')
    // It was asked for again before the shutdown.
    assert.equal(await waiting, 'a')
    const none = queue.next()
    await clock.settle()
    assert.equal(drained, false)
    queue.done('a')
    assert.equal(await none, undefined)
    await shutDown
    assert.equal(await queue.next(), undefined)
    assert.equal(clock.pendingTimers, 0)
    await queue.shutDown()
  })

  it('takes no key for done that was not worked on', () => {
    const queue = new WorkQueue({ clock: new VirtualClock() })
    queue.add('a')
    assert.throws(() => queue.done('a'), /was worked on/)
  })

  it('tells what upstream’s metrics count', async () => {
    const clock = new VirtualClock()
    const said: string[] = []
    const queue = new WorkQueue({
      clock,
      metrics: {
        depth: (keys) => void said.push(`depth ${keys}`),
        added: () => void said.push('added'),
        taken: (ms) => void said.push(`taken ${ms}`),
        done: (ms) => void said.push(`done ${ms}`),
        retried: () => void said.push('retried'),
      },
    })
    queue.add('a')
    await clock.advance(5)
    await queue.next()
    await clock.advance(7)
    assert.deepEqual([queue.longestRunningMs, queue.unfinishedMs], [7, 7])
    queue.addRateLimited('a')
    queue.done('a')
    assert.deepEqual([queue.retries('a'), queue.longestRunningMs], [1, 0])
    queue.forget('a')
    assert.equal(queue.retries('a'), 0)
    assert.deepEqual(said, ['added', 'depth 1', 'taken 5', 'depth 0', 'retried', 'done 7'])
    await clock.advance(5)
    assert.deepEqual(said.slice(6), ['added', 'depth 1'])
  })
})

/** What a queue is, as plainly as it can be said. */
class Model {
  readonly ready: string[] = []
  readonly processing = new Set<string>()
  readonly again = new Set<string>()
  readonly delayed = new Map<string, number>()

  add(key: string): void {
    if (this.processing.has(key)) this.again.add(key)
    else if (!this.ready.includes(key)) this.ready.push(key)
  }

  done(key: string): void {
    this.processing.delete(key)
    if (this.again.delete(key)) this.ready.push(key)
  }
}

type Step =
  | { readonly do: 'add' | 'take' | 'done'; readonly key: string }
  | { readonly do: 'addAfter'; readonly key: string; readonly ms: number }
  | { readonly do: 'advance'; readonly ms: number }

const key = fc.constantFrom('a', 'b', 'c', 'd')
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom('add', 'take', 'done'), key }),
  fc.record({ do: fc.constant('addAfter'), key, ms: fc.integer({ min: 1, max: 30 }) }),
  fc.record({ do: fc.constant('advance'), ms: fc.nat(20) }),
)

describe('a work queue and its model', () => {
  it('agree', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
        const clock = new VirtualClock(0)
        const queue = new WorkQueue({ clock })
        const model = new Model()
        for (const each of steps) await apply(each, clock, queue, model)
        assert.equal(queue.length, model.ready.length)
        const all = queue.shutDown()
        for (const taken of Array.from(model.processing)) {
          queue.done(taken)
          model.done(taken)
        }
        for (const expected of model.ready) {
          assert.equal(await queue.next(), expected)
          queue.done(expected)
        }
        await all
        assert.equal(clock.pendingTimers, 0)
      }),
      { numRuns: 150 },
    )
  })
})

async function apply(
  each: Step,
  clock: VirtualClock,
  queue: WorkQueue,
  model: Model,
): Promise<void> {
  switch (each.do) {
    case 'add':
      queue.add(each.key)
      model.add(each.key)
      break
    case 'take': {
      if (model.ready.length === 0) break
      const expected = model.ready.shift() ?? ''
      assert.equal(await queue.next(), expected)
      model.processing.add(expected)
      break
    }
    case 'done':
      if (!model.processing.has(each.key)) break
      queue.done(each.key)
      model.done(each.key)
      break
    case 'addAfter': {
      const at = clock.elapsed() + each.ms
      queue.addAfter(each.key, each.ms)
      const before = model.delayed.get(each.key)
      if (before !== undefined && before <= at) break
      // A delay that is cut short counts as a new one.
      model.delayed.delete(each.key)
      model.delayed.set(each.key, at)
      break
    }
    case 'advance': {
      await clock.advance(each.ms)
      const due = [...model.delayed].filter(([, at]) => at <= clock.elapsed())
      for (const [late] of due.sort((a, b) => a[1] - b[1])) {
        model.delayed.delete(late)
        model.add(late)
      }
      break
    }
  }
  assert.equal(queue.length, model.ready.length)
}

describe('rate limiters', () => {
  it('back off by key, up to a bound, until it is forgotten', () => {
    const limiter = exponentialRateLimiter({ baseMs: 5, maxMs: 1_000 })
    const waits = Array.from({ length: 10 }, () => limiter.when('a'))
    assert.deepEqual(waits, [5, 10, 20, 40, 80, 160, 320, 640, 1_000, 1_000])
    assert.equal(limiter.when('b'), 5)
    assert.equal(limiter.retries('a'), 10)
    limiter.forget('a')
    assert.equal(limiter.when('a'), 5)
  })

  it('fill a bucket for all keys', async () => {
    const clock = new VirtualClock()
    const limiter = bucketRateLimiter({ clock, perSecond: 10, burst: 3 })
    const waits = () => Array.from({ length: 5 }, (_, i) => Math.round(limiter.when(i)))
    assert.deepEqual(waits(), [0, 0, 0, 100, 200])
    await clock.advance(1_000)
    assert.deepEqual(waits(), [0, 0, 0, 100, 200])
  })

  it('of controllers allow ten a second after a burst of a hundred', () => {
    const limiter = controllerRateLimiter<number>(new VirtualClock())
    const waits = Array.from({ length: 110 }, (_, i) => Math.round(limiter.when(i)))
    assert.ok(waits.slice(0, 100).every((wait) => wait === 5))
    assert.deepEqual(waits.slice(100, 103), [100, 200, 300])
  })
})
