import assert from 'node:assert/strict'
import { it } from 'node:test'
import { slowStart } from './slow-start.ts'

it('a slow start attempts in batches that double', async () => {
  const batches: number[] = []
  let running = 0
  const result = await slowStart(10, async () => {
    if (++running === 1) queueMicrotask(() => batches.push(running))
    await Promise.resolve()
    await Promise.resolve()
    running = 0
  })
  assert.deepEqual(result, { attempts: 10, successes: 10 })
  assert.deepEqual(batches, [1, 2, 4, 3])
})

it('a slow start ends with the batch in which something failed', async () => {
  let made = 0
  const { attempts, successes, error } = await slowStart(100, async () => {
    if (++made === 3) throw new Error('quota')
  })
  assert.deepEqual({ attempts, successes }, { attempts: 3, successes: 2 })
  assert.equal(error?.message, 'quota')
})

it('a slow start of nothing attempts nothing', async () => {
  assert.deepEqual(await slowStart(0, () => Promise.reject(new Error('never'))), {
    attempts: 0,
    successes: 0,
  })
})
