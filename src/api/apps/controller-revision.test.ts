import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { formatFieldError, type FieldError } from '#machinery'
import { decoded } from '../testing/decoded.ts'
import { ControllerRevision, type ControllerRevisionInput } from './controller-revision.ts'
import {
  validateControllerRevision,
  validateControllerRevisionUpdate,
} from './controller-revision-validation.ts'

const text = (errors: readonly FieldError[]) => errors.map(formatFieldError)
const revision = (data: ControllerRevisionInput['data'], number: number) =>
  decoded(ControllerRevision, { metadata: {}, data: data ?? null, revision: number })

suite('ControllerRevision', () => {
  test('the data is an object', () => {
    assert.deepEqual(validateControllerRevision(revision({ a: 1 }, 0)), [])
    assert.deepEqual(text(validateControllerRevision(revision(null, -1))), [
      'data: Required value: data is mandatory',
      'revision: Invalid value: -1: must be greater than or equal to 0',
    ])
    assert.deepEqual(
      validateControllerRevision(revision([], 0)).map(({ field }) => field),
      ['data'],
    )
  })

  test('it is written once, though its number changes', () => {
    const old = revision({ a: 1 }, 1)
    assert.deepEqual(validateControllerRevisionUpdate(revision({ a: 1 }, 2), old), [])
    assert.deepEqual(text(validateControllerRevisionUpdate(revision({ a: 2 }, 1), old)), [
      'data: Invalid value: {"a":2}: field is immutable',
    ])
  })
})
