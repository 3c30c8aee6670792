import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { formatFieldError, type FieldError } from '#machinery'
import { decoded } from '../testing/decoded.ts'
import { PodDisruptionBudget, type PodDisruptionBudgetInput } from './pod-disruption-budget.ts'
import {
  validatePodDisruptionBudget,
  validatePodDisruptionBudgetStatus,
} from './pod-disruption-budget-validation.ts'

const text = (errors: readonly FieldError[]) => errors.map(formatFieldError)
const budget = (input: Partial<PodDisruptionBudgetInput>) =>
  decoded(PodDisruptionBudget, { metadata: {}, ...input })

suite('PodDisruptionBudget', () => {
  const cases: readonly [
    what: string,
    spec: PodDisruptionBudgetInput['spec'],
    errors: readonly string[],
  ][] = [
    ['a share', { minAvailable: '50%' }, []],
    [
      'two things at once',
      { minAvailable: 1, maxUnavailable: 1 },
      [
        'spec: Invalid value: {"minAvailable":1,"maxUnavailable":1}: minAvailable and maxUnavailable cannot be both set',
      ],
    ],
    [
      'more than all',
      { maxUnavailable: '101%' },
      ['spec.maxUnavailable: Invalid value: "101%": must not be greater than 100%'],
    ],
    [
      'fewer than none',
      { minAvailable: -1 },
      ['spec.minAvailable: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      'another word',
      { minAvailable: 'most' },
      [
        "spec.minAvailable: Invalid value: \"most\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
      ],
    ],
    [
      'a selector without values',
      { selector: { matchExpressions: [{ key: 'a', operator: 'In' }] } },
      [
        "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
      ],
    ],
  ]
  for (const [what, spec, errors] of cases) {
    test(what, () => {
      assert.deepEqual(text(validatePodDisruptionBudget(budget({ spec }))), errors)
    })
  }

  test('the status counts pods and has complete conditions', () => {
    const status = {
      disruptionsAllowed: -1,
      currentHealthy: 0,
      desiredHealthy: 0,
      expectedPods: 0,
      conditions: [
        { type: 'A', status: 'True', lastTransitionTime: null, reason: '', message: '' } as const,
      ],
    }
    assert.deepEqual(text(validatePodDisruptionBudgetStatus(budget({ status }))), [
      'status.conditions[0].lastTransitionTime: Required value: must be set',
      'status.conditions[0].reason: Required value: must be set',
      'status.disruptionsAllowed: Invalid value: -1: must be greater than or equal to 0',
    ])
  })
})
