import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventFromEvents, eventToEvents } from './conversion.ts'

test('an event keeps all its parts under their other names', () => {
  const served = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'e' },
    eventTime: '2026-01-01T00:00:00.000000Z',
    regarding: { kind: 'Pod', name: 'p' },
    note: 'hello',
    reportingController: 'kubelet',
    reportingInstance: 'n1',
    deprecatedSource: { component: 'kubelet' },
    deprecatedFirstTimestamp: null,
    deprecatedLastTimestamp: null,
    deprecatedCount: 2,
  }
  const stored = eventFromEvents(served)
  assert.deepEqual(stored, {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'e' },
    eventTime: '2026-01-01T00:00:00.000000Z',
    involvedObject: { kind: 'Pod', name: 'p' },
    message: 'hello',
    reportingComponent: 'kubelet',
    reportingInstance: 'n1',
    source: { component: 'kubelet' },
    firstTimestamp: null,
    lastTimestamp: null,
    count: 2,
  })
  assert.deepEqual(eventToEvents(stored), served)
})

test('empty reporters are written by v1 only', () => {
  const stored = eventFromEvents({ apiVersion: 'v1', kind: 'Event', metadata: {} })
  assert.deepEqual(stored, {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: {},
    reportingComponent: '',
    reportingInstance: '',
  })
  assert.deepEqual(eventToEvents(stored), { apiVersion: 'v1', kind: 'Event', metadata: {} })
})
