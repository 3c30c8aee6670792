import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { formatFieldError, type FieldError } from '#machinery'
import { decoded } from '../testing/decoded.ts'
import { RuntimeClass, type RuntimeClassInput } from './runtime-class.ts'
import { validateRuntimeClass, validateRuntimeClassUpdate } from './runtime-class-validation.ts'

const text = (errors: readonly FieldError[]) => errors.map(formatFieldError)
const runtime = (input: Partial<RuntimeClassInput>) =>
  decoded(RuntimeClass, { metadata: {}, handler: 'runc', ...input })

suite('RuntimeClass', () => {
  test('overhead and scheduling are those of pods', () => {
    assert.deepEqual(validateRuntimeClass(runtime({ overhead: { podFixed: { cpu: '1' } } })), [])
    const errors = validateRuntimeClass(
      runtime({
        overhead: { podFixed: { cpu: '-1', apples: '1' } },
        scheduling: { nodeSelector: { a: '-' } },
      }),
    )
    assert.deepEqual(
      errors.map(({ field }) => field),
      ['overhead.podFixed[apples]', 'overhead.podFixed[cpu]', 'scheduling.nodeSelector'],
    )
  })

  test('the handler stays', () => {
    const errors = validateRuntimeClassUpdate(runtime({ handler: 'kata' }), runtime({}))
    assert.deepEqual(text(errors), ['handler: Invalid value: "kata": field is immutable'])
  })
})
