import assert from 'node:assert/strict'
import { createHook } from 'node:async_hooks'
import { test } from 'node:test'
import { processMetrics } from './process-metrics.ts'

test('the process is watched once, however often somebody asks', async (t) => {
  assert.match(await processMetrics(), /^process_resident_memory_bytes \d+/m)
  const made: string[] = []
  const hook = createHook({ init: (_id, type) => void made.push(type) }).enable()
  t.after(() => hook.disable())
  for (let i = 0; i < 3; i++) await processMetrics()
  hook.disable()
  assert.deepEqual(
    made.filter((type) => type === 'ELDHISTOGRAM'),
    [],
  )
})
