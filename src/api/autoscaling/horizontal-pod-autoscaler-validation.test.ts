import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { formatFieldError } from '#machinery'
import { decoded } from '../testing/decoded.ts'
import {
  HorizontalPodAutoscaler,
  type HorizontalPodAutoscalerInput,
} from './horizontal-pod-autoscaler.ts'
import { validateHorizontalPodAutoscaler } from './horizontal-pod-autoscaler-validation.ts'

suite('HorizontalPodAutoscaler', () => {
  type Spec = HorizontalPodAutoscalerInput['spec']
  const scaleTargetRef = { kind: 'Deployment', name: 'web' }
  const metric = (...metrics: NonNullable<Spec['metrics']>) => ({ metrics })
  const at = 'spec.metrics[0]'
  const cases: readonly [what: string, change: Partial<Spec>, errors: readonly string[]][] = [
    ['complete', { behavior: { scaleDown: { stabilizationWindowSeconds: 60 } } }, []],
    [
      'between nothing and less',
      { minReplicas: 0, maxReplicas: -1 },
      [
        'spec.minReplicas: Invalid value: 0: must be greater than or equal to 1',
        'spec.maxReplicas: Invalid value: -1: must be greater than 0',
        'spec.maxReplicas: Invalid value: -1: must be greater than or equal to `minReplicas`',
      ],
    ],
    [
      'nothing to scale',
      { scaleTargetRef: { kind: '', name: 'a/b' } },
      [
        'spec.scaleTargetRef.kind: Required value',
        `spec.scaleTargetRef.name: Invalid value: "a/b": may not contain '/'`,
      ],
    ],
    [
      'a metric without its source',
      metric({ type: 'Pods' }),
      [`${at}.pods: Required value: must populate information for the given metric source`],
    ],
    [
      'a metric with another source',
      metric({
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
        external: { metric: { name: 'm' }, target: { type: 'Value', value: '1' } },
      }),
      [`${at}.external: Forbidden: must populate the given metric source only`],
    ],
    [
      'a share and an amount',
      metric({
        type: 'Resource',
        resource: {
          name: '',
          target: { type: 'Utilization', averageUtilization: 0, averageValue: '-1' },
        },
      }),
      [
        `${at}.resource.name: Required value: must specify a resource name`,
        `${at}.resource.target.averageUtilization: Invalid value: 0: must be greater than 0`,
        `${at}.resource.target.averageValue: Invalid value: "-1": must be positive`,
        `${at}.resource.target.averageValue: Forbidden: may not set both a target raw value and a target utilization`,
      ],
    ],
    [
      'an amount of nothing',
      metric({ type: 'External', external: { metric: { name: '' }, target: { type: 'Value' } } }),
      [
        `${at}.external.metric.name: Required value: must specify a metric name`,
        `${at}.external.target.averageValue: Required value: must set either a target value for metric or a per-pod target`,
      ],
    ],
    [
      'rules out of bounds',
      {
        behavior: {
          scaleUp: {
            stabilizationWindowSeconds: 3601,
            policies: [{ type: 'Pods', value: 0, periodSeconds: 1801 }],
            tolerance: '-1',
          },
        },
      },
      [
        'spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600',
        'spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero',
        'spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800',
        'spec.behavior.scaleUp.tolerance: Invalid value: "-1": must be greater than or equal to zero',
      ],
    ],
  ]
  for (const [what, change, errors] of cases) {
    test(what, () => {
      const spec = { scaleTargetRef, maxReplicas: 3, ...change }
      const autoscaler = decoded(HorizontalPodAutoscaler, { metadata: {}, spec })
      assert.deepEqual(validateHorizontalPodAutoscaler(autoscaler).map(formatFieldError), errors)
    })
  }
})
