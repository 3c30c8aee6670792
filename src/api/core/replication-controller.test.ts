import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatFieldError, mutable } from '#machinery'
import { decoded } from '../testing/decoded.ts'
import { labelAsTemplate } from './replication-controller-strategy.ts'
import { validateReplicationController } from './replication-controller-validation.ts'
import { ReplicationController } from './replication-controller.ts'

const spec = { containers: [{ name: 'c', image: 'i:1' }] }
const template = { metadata: { labels: { app: 'a' } }, spec }

test('a ReplicationController selects the labels of its template', () => {
  const plain = decoded(ReplicationController, { metadata: {}, spec: { template } })
  assert.deepEqual(plain.spec.selector, { app: 'a' })
  assert.equal(plain.spec.replicas, 1)
  assert.deepEqual(validateReplicationController(plain), [])
  const other = { selector: { app: 'b' }, template }
  const errors = validateReplicationController(
    decoded(ReplicationController, { metadata: {}, spec: other }),
  )
  assert.deepEqual(errors.map(formatFieldError), [
    'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`',
  ])
})

test('a controller without labels has those of its pods', () => {
  const draft = mutable(decoded(ReplicationController, { metadata: {}, spec: { template } }))
  labelAsTemplate(draft)
  assert.deepEqual(draft.metadata.labels, { app: 'a' })
  draft.metadata.labels = { app: 'b' }
  labelAsTemplate(draft)
  assert.deepEqual(draft.metadata.labels, { app: 'b' })
})
