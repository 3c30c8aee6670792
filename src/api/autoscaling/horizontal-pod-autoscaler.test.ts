import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decoded } from '../testing/decoded.ts'
import { HorizontalPodAutoscaler } from './horizontal-pod-autoscaler.ts'

const scaleTargetRef = { kind: 'Deployment', name: 'web' }

test('an autoscaler looks at CPU unless told otherwise', () => {
  const { spec } = decoded(HorizontalPodAutoscaler, {
    metadata: {},
    spec: { scaleTargetRef, maxReplicas: 3 },
  })
  assert.equal(spec.minReplicas, 1)
  assert.deepEqual(spec.metrics, [
    {
      type: 'Resource',
      resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
    },
  ])
  assert.equal(spec.behavior, undefined)
})

test('a behaviour is completed in both directions', () => {
  const { spec } = decoded(HorizontalPodAutoscaler, {
    metadata: {},
    spec: {
      scaleTargetRef,
      maxReplicas: 3,
      behavior: { scaleDown: { stabilizationWindowSeconds: 60 } },
    },
  })
  assert.deepEqual(spec.behavior, {
    scaleDown: {
      stabilizationWindowSeconds: 60,
      selectPolicy: 'Max',
      policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
    },
    scaleUp: {
      stabilizationWindowSeconds: 0,
      selectPolicy: 'Max',
      policies: [
        { type: 'Pods', value: 4, periodSeconds: 15 },
        { type: 'Percent', value: 100, periodSeconds: 15 },
      ],
    },
  })
})
