import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { formatFieldError, type FieldError } from '#machinery'
import { decoded } from '../testing/decoded.ts'
import { Event, type EventInput } from './event.ts'
import { validateEvent } from './event-validation.ts'

const text = (errors: readonly FieldError[]) => errors.map(formatFieldError)

suite('Event', () => {
  const complete: EventInput = {
    metadata: { namespace: 'a' },
    involvedObject: { namespace: 'a' },
    eventTime: '2026-01-01T00:00:00.000000Z',
    reportingComponent: 'example.com/c',
    reportingInstance: 'c-1',
    action: 'Binding',
    reason: 'Scheduled',
  }
  const cases: readonly [what: string, change: Partial<EventInput>, errors: readonly string[]][] = [
    ['complete', {}, []],
    [
      'by nobody about nothing',
      { reportingComponent: '', reportingInstance: '', action: '', reason: '' },
      [
        'reportingComponent: Required value',
        'reportingComponent: Invalid value: "": name part must be non-empty',
        `reportingComponent: Invalid value: "": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
        'reportingInstance: Required value',
        'action: Required value',
        'reason: Required value',
      ],
    ],
    [
      'about an object without a namespace',
      { involvedObject: {} },
      ['involvedObject.namespace: Invalid value: "": does not match event.namespace'],
    ],
    [
      'about an object without a namespace, where such events go',
      { involvedObject: {}, metadata: { namespace: 'kube-system' } },
      [],
    ],
    [
      'too long',
      { action: 'a'.repeat(129), message: 'm'.repeat(1025) },
      [
        'action: Invalid value: "": can have at most 128 characters',
        'message: Invalid value: "": can have at most 1024 characters',
      ],
    ],
  ]
  for (const [what, change, errors] of cases) {
    test(what, () => {
      assert.deepEqual(text(validateEvent(decoded(Event, { ...complete, ...change }))), errors)
    })
  }
})
