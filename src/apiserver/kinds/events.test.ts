import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { testRegistry } from '../testing/registry.ts'

test('events of both groups go by themselves', async () => {
  await using server = await testRegistry()
  const regarding = { kind: 'Pod', namespace: 'default', name: 'a' }
  const { store } = server.registry
  await server.ask('POST', '/api/v1/namespaces/default/events', {
    body: { metadata: { name: 'old' }, involvedObject: regarding },
  })
  await server.ask('POST', '/apis/events.k8s.io/v1/namespaces/default/events', {
    body: {
      metadata: { name: 'new' },
      regarding,
      reason: 'Test',
      type: 'Normal',
      action: 'Testing',
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'example.com/test',
      reportingInstance: 'test-1',
    },
  })
  const { records } = await store.range({ start: '/registry/events/', end: '/registry/events0' })
  assert.deepEqual(
    records.map(({ key, lease }) => [key, lease !== undefined]),
    [
      ['/registry/events/default/new', true],
      ['/registry/events/default/old', true],
    ],
  )
})
