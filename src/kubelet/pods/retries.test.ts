import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '#base'
import { Retries } from './retries.ts'

test('what fails waits twice as long each time, unless there is a reason to hurry', async () => {
  const clock = new VirtualClock()
  const retries = new Retries(clock)
  assert.deepEqual([retries.isDue('volumes'), retries.nextMs], [true, Infinity])
  const waits: number[] = []
  for (let failures = 0; failures < 6; failures++) {
    retries.failed('volumes')
    waits.push(retries.nextMs)
    assert.equal(retries.isDue('volumes'), false)
    assert.equal(retries.isDue('sandbox'), true)
    await clock.advance(retries.nextMs)
    assert.equal(retries.isDue('volumes'), true)
  }
  assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 10_000, 10_000])
  retries.failed('volumes')
  retries.hurry()
  assert.deepEqual([retries.isDue('volumes'), retries.nextMs], [true, 0])
  // Having hurried in vain changes nothing of how patient it is.
  retries.failed('volumes')
  assert.equal(retries.nextMs, 10_000)
  retries.succeeded('volumes')
  assert.equal(retries.nextMs, Infinity)
})
