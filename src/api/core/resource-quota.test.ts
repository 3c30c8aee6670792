import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { formatFieldError, type FieldError } from '#machinery'
import { decoded } from '../testing/decoded.ts'
import { ResourceQuota, type ResourceQuotaInput } from './resource-quota.ts'
import {
  validateResourceQuota,
  validateResourceQuotaStatus,
  validateResourceQuotaUpdate,
} from './resource-quota-validation.ts'

const text = (errors: readonly FieldError[]) => errors.map(formatFieldError)
type Spec = NonNullable<ResourceQuotaInput['spec']>
const quota = (spec: Spec) => decoded(ResourceQuota, { metadata: {}, spec })
const select = (
  ...matchExpressions: NonNullable<NonNullable<Spec['scopeSelector']>['matchExpressions']>
): Spec => ({ scopeSelector: { matchExpressions } })
const selector = 'spec.scopeSelector.matchExpressions'

suite('ResourceQuota', () => {
  const cases: readonly [what: string, spec: Spec, errors: readonly string[]][] = [
    [
      'what can be counted',
      {
        hard: {
          cpu: '1500m',
          pods: '10',
          'requests.storage': '1Gi',
          'limits.memory': '1Gi',
          'count/deployments.apps': '5',
          'requests.example.com/gpu': '4',
          'hugepages-2Mi': '1Gi',
        },
      },
      [],
    ],
    [
      'what cannot',
      { hard: { apples: '1' } },
      ['spec.hard[apples]: Invalid value: "apples": must be a standard resource for quota'],
    ],
    [
      'half a pod',
      { hard: { pods: '500m' } },
      ['spec.hard[pods]: Invalid value: "500m": must be an integer'],
    ],
    [
      'less than nothing',
      { hard: { cpu: '-1' } },
      ['spec.hard[cpu]: Invalid value: "-1": must be greater than or equal to 0'],
    ],
    [
      'scopes that exclude each other',
      { scopes: ['BestEffort', 'NotBestEffort'] },
      ['spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes'],
    ],
    [
      'a scope that does not fit',
      { scopes: ['BestEffort'], hard: { cpu: '1' } },
      ['spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource'],
    ],
    [
      'a class of priority',
      select({ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }),
      [],
    ],
    [
      'a class of priority without values',
      select({ scopeName: 'PriorityClass', operator: 'In' }),
      [
        `${selector}.values: Required value: must be at least one value when \`operator\` is 'In' or 'NotIn' for scope selector`,
      ],
    ],
    [
      'a scope that has no values',
      select({ scopeName: 'BestEffort', operator: 'DoesNotExist' }),
      [
        `${selector}.operator: Invalid value: "DoesNotExist": must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity`,
      ],
    ],
  ]
  for (const [what, spec, errors] of cases) {
    test(what, () => assert.deepEqual(text(validateResourceQuota(quota(spec))), errors))
  }

  test('the scopes stay', () => {
    const errors = validateResourceQuotaUpdate(quota({ scopes: ['BestEffort'] }), quota({}))
    assert.deepEqual(text(errors), [
      'spec.scopes: Invalid value: ["BestEffort"]: field is immutable',
    ])
  })

  test('the status counts what there is', () => {
    const status = { hard: { pods: '1' }, used: { pods: '-1' } }
    const errors = validateResourceQuotaStatus(decoded(ResourceQuota, { metadata: {}, status }))
    assert.deepEqual(text(errors), [
      'status.used[pods]: Invalid value: "-1": must be greater than or equal to 0',
    ])
  })
})
