import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import type { Timer } from './clock.ts'
import { poll } from './poll.ts'
import { Backoff } from './backoff.ts'
import { seededRandom } from './random.ts'
import { VirtualClock } from './virtual-clock.ts'

describe('virtual time', () => {
  it('runs timers in order of time, then of making, each at its time', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ delay: fc.nat(20), cancel: fc.boolean() }), { maxLength: 200 }),
        async (plan) => {
          const clock = new VirtualClock(0)
          const ran: { at: number; i: number }[] = []
          const timers: Timer[] = plan.map(({ delay }, i) =>
            clock.timer(delay, () => void ran.push({ at: clock.elapsed(), i })),
          )
          for (const [i, { cancel }] of plan.entries()) if (cancel) timers[i]?.cancel()
          const expected = plan
            .map(({ delay, cancel }, i) => ({ at: delay, i, cancel }))
            .filter(({ cancel }) => !cancel)
            .sort((a, b) => a.at - b.at || a.i - b.i)
            .map(({ at, i }) => ({ at, i }))
          assert.equal(clock.pendingTimers, expected.length)
          assert.equal(clock.nextTimerAt, expected[0]?.at)
          await clock.advance(10)
          assert.deepEqual(
            ran,
            expected.filter(({ at }) => at <= 10),
          )
          await clock.advance(10)
          assert.deepEqual(ran, expected)
          for (const timer of timers) timer.cancel()
          assert.equal(clock.pendingTimers, 0)
        },
      ),
      { numRuns: 100 },
    )
  })

  it('lets everything runnable run before time goes on', async () => {
    const clock = new VirtualClock()
    const said: string[] = []
    const worker = async (name: string) => {
      for (let i = 0; i < 3; i++) {
        await clock.sleep(10)
        for (let j = 0; j < 50; j++) await clock.yield()
        said.push(`${name}${i}@${clock.elapsed()}`)
      }
    }
    const done = Promise.all([worker('a'), worker('b')])
    await clock.advance(30)
    await done
    assert.deepEqual(said, ['a0@10', 'b0@10', 'a1@20', 'b1@20', 'a2@30', 'b2@30'])
  })

  it('runs what timers start, within the same advance', async () => {
    const clock = new VirtualClock()
    let ticks = 0
    const tick = () => {
      ticks++
      clock.timer(1, tick)
    }
    tick()
    await clock.advance(100)
    assert.equal(ticks, 101)
    assert.equal(clock.elapsed(), 100)
  })

  it('keeps wall time apart from elapsed time', () => {
    const clock = new VirtualClock(1_000)
    clock.jumpWallTime(-500)
    assert.equal(clock.now(), 500)
    assert.equal(clock.elapsed(), 0)
  })
})

describe('backing off', () => {
  it('waits longer each time, up to a bound, and begins anew', () => {
    const clock = new VirtualClock()
    const backoff = new Backoff(clock, seededRandom(1), { initialMs: 10, maxMs: 50 })
    assert.deepEqual(
      [1, 2, 3, 4, 5].map(() => backoff.next()),
      [10, 20, 40, 50, 50],
    )
    backoff.reset()
    assert.equal(backoff.next(), 10)
  })

  it('begins anew after a quiet time', async () => {
    const clock = new VirtualClock()
    const options = { initialMs: 10, maxMs: 50, resetMs: 1_000 }
    const backoff = new Backoff(clock, seededRandom(1), options)
    assert.deepEqual([backoff.next(), backoff.next()], [10, 20])
    await clock.advance(999)
    assert.equal(backoff.next(), 40)
    await clock.advance(1_000)
    assert.equal(backoff.next(), 10)
  })

  it('adds a random part', () => {
    const options = { initialMs: 100, maxMs: 100, jitter: 0.5 }
    const backoff = new Backoff(new VirtualClock(), seededRandom(7), options)
    const waits = Array.from({ length: 100 }, () => backoff.next())
    assert.ok(waits.every((wait) => wait >= 100 && wait < 150))
    assert.ok(new Set(waits).size > 50)
  })
})

describe('polling', () => {
  const options = { intervalMs: 100, timeoutMs: 1_000, what: 'a miracle' }

  it('asks at once, then again, until there is an answer', async () => {
    const clock = new VirtualClock()
    let asked = 0
    const polling = poll({ clock, ...options }, () => ++asked >= 4 && 'yes')
    await clock.advance(300)
    assert.equal(await polling, 'yes')
    assert.equal(clock.pendingTimers, 0)
  })

  it('gives up in time, on a signal, and on an error', async () => {
    const clock = new VirtualClock()
    const late = assert.rejects(
      poll({ clock, ...options }, () => undefined),
      { name: 'TimeoutError', message: 'timed out after 1000 ms: a miracle' },
    )
    const stop = new AbortController()
    const stopped = assert.rejects(
      poll({ clock, ...options, signal: stop.signal }, () => false),
      /enough/,
    )
    const broken = assert.rejects(
      poll({ clock, ...options }, () => Promise.reject(new Error('broken'))),
      /broken/,
    )
    await clock.advance(150)
    stop.abort(new Error('enough'))
    await clock.advance(1_000)
    await Promise.all([late, stopped, broken])
    assert.equal(clock.pendingTimers, 0)
  })
})
