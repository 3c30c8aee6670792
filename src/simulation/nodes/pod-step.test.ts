import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api'
import { annotations } from './behaviour.ts'
import { podStep } from './pod-step.ts'

const place = { hostIp: '100.64.0.1', podIp: '10.42.0.2' }
const startMs = 1_700_000_000_000

function pod(given: Readonly<Record<string, string>>, status: Pod['status'] = {}) {
  // Only what a step reads.
  return {
    metadata: { name: 'web', namespace: 'default', uid: '1', annotations: given },
    spec: { nodeName: 'simulated-0', restartPolicy: 'Always', containers: [{ name: 'main' }] },
    status,
  } as unknown as Pod
}

function readiness(status: Pod['status'] | undefined): boolean | undefined {
  return status?.containerStatuses?.[0]?.ready
}

test('a pod is ready after its delay, and stays so when the wall clock is set back', () => {
  const given = { [annotations.readyDelay]: '5s' }
  const started = podStep(pod(given), place, startMs)
  assert.equal(readiness(started.status), false)
  assert.equal(started.againAtMs, startMs + 5_000)
  const ready = podStep(pod(given, started.status), place, startMs + 5_000)
  assert.equal(readiness(ready.status), true)
  const after = podStep(pod(given, ready.status), place, startMs - 300_000)
  assert.equal(readiness(after.status ?? ready.status), true)
})
