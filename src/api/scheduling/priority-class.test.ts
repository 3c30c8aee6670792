import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { formatFieldError, type FieldError } from '#machinery'
import { decoded } from '../testing/decoded.ts'
import { PriorityClass, type PriorityClassInput } from './priority-class.ts'
import { validatePriorityClass, validatePriorityClassUpdate } from './priority-class-validation.ts'

const text = (errors: readonly FieldError[]) => errors.map(formatFieldError)
const priority = (name: string, value: number, more: Partial<PriorityClassInput> = {}) =>
  decoded(PriorityClass, { metadata: { name }, value, ...more })

suite('PriorityClass', () => {
  const reserved =
    "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error:"
  const cases: readonly [what: string, object: PriorityClass, errors: readonly string[]][] = [
    ['a class of users', priority('p', 1_000_000_000), []],
    [
      'above users',
      priority('p', 1_000_000_001),
      ['value: Forbidden: maximum allowed value of a user defined priority is 1000000000'],
    ],
    ['a class of the system', priority('system-node-critical', 2_000_001_000), []],
    [
      'a class of the system with another value',
      priority('system-cluster-critical', 1),
      [`${reserved} value of system-cluster-critical PriorityClass must be 2000000000`],
    ],
    [
      'a class of the system as the default',
      priority('system-cluster-critical', 2_000_000_000, { globalDefault: true }),
      [`${reserved} globalDefault of system-cluster-critical PriorityClass must be false`],
    ],
    [
      'an invented class of the system',
      priority('system-mine', 1),
      [`${reserved} system-mine is not a known system priority class`],
    ],
    [
      'another policy',
      priority('p', 1, { preemptionPolicy: 'Always' }),
      [
        'preemptionPolicy: Unsupported value: "Always": supported values: "PreemptLowerPriority", "Never"',
      ],
    ],
  ]
  for (const [what, object, errors] of cases) {
    test(what, () => assert.deepEqual(text(validatePriorityClass(object)), errors))
  }

  test('value and policy stay', () => {
    const next = priority('p', 2, { preemptionPolicy: 'Never' })
    assert.deepEqual(text(validatePriorityClassUpdate(next, priority('p', 1))), [
      'value: Forbidden: may not be changed in an update.',
      'preemptionPolicy: Invalid value: "Never": field is immutable',
    ])
  })
})
