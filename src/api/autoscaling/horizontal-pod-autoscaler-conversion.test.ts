import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mutable } from '#machinery'
import {
  horizontalPodAutoscalerFromV1,
  horizontalPodAutoscalerToV1,
} from './horizontal-pod-autoscaler-conversion.ts'

const base = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' }
const scaleTargetRef = { kind: 'Deployment', name: 'web' }

test('the share of CPU is a field in v1', () => {
  const v2 = {
    ...base,
    metadata: { name: 'web' },
    spec: {
      scaleTargetRef,
      minReplicas: 1,
      maxReplicas: 3,
      metrics: [
        {
          type: 'Resource',
          resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
        },
      ],
    },
    status: { currentReplicas: 1, desiredReplicas: 1, currentMetrics: null },
  }
  const v1 = horizontalPodAutoscalerToV1(mutable(v2))
  assert.deepEqual(v1, {
    ...base,
    metadata: { name: 'web' },
    spec: { scaleTargetRef, minReplicas: 1, maxReplicas: 3, targetCPUUtilizationPercentage: 80 },
    status: { currentReplicas: 1, desiredReplicas: 1 },
  })
  assert.deepEqual(horizontalPodAutoscalerFromV1(v1), v2)
})

test('what v1 has no field for travels in annotations', () => {
  const metric = { name: 'requests', selector: { matchLabels: { app: 'web' } } }
  const v2 = {
    ...base,
    metadata: { name: 'web' },
    spec: {
      scaleTargetRef,
      minReplicas: 1,
      maxReplicas: 3,
      metrics: [
        { type: 'Pods', pods: { metric, target: { type: 'AverageValue', averageValue: '5' } } },
        {
          type: 'Object',
          object: {
            describedObject: { kind: 'Service', name: 's' },
            metric: { name: 'rps' },
            target: { type: 'AverageValue', averageValue: '7' },
          },
        },
        { type: 'External', external: { metric, target: { type: 'Value', value: '9' } } },
        {
          type: 'ContainerResource',
          containerResource: {
            name: 'memory',
            container: 'c',
            target: { type: 'AverageValue', averageValue: '1Gi' },
          },
        },
      ],
      behavior: { scaleDown: { stabilizationWindowSeconds: 0 } },
    },
    status: {
      currentReplicas: 1,
      desiredReplicas: 1,
      currentMetrics: [
        {
          type: 'Resource',
          resource: { name: 'cpu', current: { averageUtilization: 10, averageValue: '5m' } },
        },
      ],
      conditions: [{ type: 'AbleToScale', status: 'True', lastTransitionTime: null }],
    },
  }
  const v1 = horizontalPodAutoscalerToV1(mutable(v2))
  assert.equal(
    v1.metadata.annotations?.['autoscaling.alpha.kubernetes.io/current-metrics'],
    '[{"type":"Resource","resource":{"name":"cpu","currentAverageUtilization":10,"currentAverageValue":"5m"}}]',
  )
  assert.equal(
    Reflect.get(Object(Reflect.get(v1, 'status')), 'currentCPUUtilizationPercentage'),
    10,
  )
  assert.deepEqual(horizontalPodAutoscalerFromV1(v1), v2)
})
