import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { formatFieldError } from '#machinery'
import { decoded } from '../testing/decoded.ts'
import { LimitRange, type LimitRangeInput } from './limit-range.ts'
import { validateLimitRange } from './limit-range-validation.ts'

suite('LimitRange', () => {
  type Item = NonNullable<NonNullable<LimitRangeInput['spec']>['limits']>[0]
  const at = 'spec.limits[0]'
  const cases: readonly [what: string, limits: readonly Item[], errors: readonly string[]][] = [
    [
      'in order',
      [
        {
          type: 'Container',
          min: { cpu: '100m' },
          defaultRequest: { cpu: '200m' },
          default: { cpu: '300m' },
          max: { cpu: '400m' },
          maxLimitRequestRatio: { cpu: '4' },
        },
      ],
      [],
    ],
    [
      'out of order',
      [{ type: 'Pod', min: { cpu: '2' }, max: { cpu: '1' } }],
      [`${at}.min[cpu]: Invalid value: "2": min value 2 is greater than max value 1`],
    ],
    [
      'a default request above the default',
      [{ type: 'Container', defaultRequest: { cpu: '2' }, default: { cpu: '1' } }],
      [
        `${at}.defaultRequest[cpu]: Invalid value: "2": default request value 2 is greater than default limit value 1`,
      ],
    ],
    [
      'defaults of pods',
      [{ type: 'Pod', default: { cpu: '1' } }],
      [`${at}.default: Forbidden: may not be specified when \`type\` is 'Pod'`],
    ],
    [
      'claims without storage',
      [{ type: 'PersistentVolumeClaim' }],
      [
        `${at}.limits: Required value: either minimum or maximum storage value is required, but neither was provided`,
      ],
    ],
    [
      'a ratio that nothing can have',
      [
        {
          type: 'Pod',
          min: { cpu: '1' },
          max: { cpu: '2' },
          maxLimitRequestRatio: { cpu: '3', memory: '500m' },
        },
      ],
      [
        `${at}.maxLimitRequestRatio[cpu]: Invalid value: "3": ratio 3 is greater than max/min = 2.000000`,
        `${at}.maxLimitRequestRatio[memory]: Invalid value: "500m": ratio 500m is less than 1`,
      ],
    ],
    [
      'a type twice',
      [{ type: 'Pod' }, { type: 'Pod' }],
      ['spec.limits[1].type: Duplicate value: "Pod"'],
    ],
    [
      'another type',
      [{ type: 'Node' }],
      [`${at}.type: Invalid value: "Node": must be a standard limit type or fully qualified`],
    ],
    [
      'what containers do not use',
      [{ type: 'Container', max: { storage: '1' }, default: { storage: '1' } }],
      ['max', 'default', 'defaultRequest'].map(
        (list) =>
          `${at}.${list}[storage]: Invalid value: "storage": must be a standard resource for containers`,
      ),
    ],
  ]
  for (const [what, limits, errors] of cases) {
    test(what, () => {
      const range = decoded(LimitRange, { metadata: {}, spec: { limits } })
      assert.deepEqual(validateLimitRange(range).map(formatFieldError), errors)
    })
  }
})
