import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Metrics } from './metrics.ts'

test('metrics are told in the exposition format, under upstream names', () => {
  const metrics = new Metrics()
  metrics.attempt('scheduled', 'default-scheduler', 3)
  metrics.attempt('unschedulable', 'default-scheduler', 1)
  metrics.podScheduled(2, 1_500)
  metrics.podScheduled(20, 30_000)
  metrics.incoming('active', 'PodAdd')
  const lines = metrics
    .text({
      pending: { active: 1, backoff: 0, unschedulable: 2, gated: 0 },
      cache: { assumed_pods: 1, nodes: 2, pods: 3 },
      binding: 4,
    })
    .split('\n')
  const wanted = [
    '# TYPE scheduler_schedule_attempts_total counter',
    'scheduler_schedule_attempts_total{profile="default-scheduler",result="scheduled"} 1',
    'scheduler_scheduling_attempt_duration_seconds_bucket{profile="default-scheduler",result="scheduled",le="0.002"} 0',
    'scheduler_scheduling_attempt_duration_seconds_bucket{profile="default-scheduler",result="scheduled",le="0.004"} 1',
    'scheduler_pod_scheduling_attempts_bucket{le="2"} 1',
    'scheduler_pod_scheduling_attempts_bucket{le="16"} 1',
    'scheduler_pod_scheduling_attempts_bucket{le="+Inf"} 2',
    'scheduler_pod_scheduling_attempts_sum 22',
    'scheduler_pod_scheduling_sli_duration_seconds_count{attempts="15+"} 1',
    'scheduler_queue_incoming_pods_total{event="PodAdd",queue="active"} 1',
    'scheduler_pending_pods{queue="unschedulable"} 2',
    'scheduler_scheduler_cache_size{type="nodes"} 2',
    'scheduler_goroutines{operation="binding"} 4',
  ]
  assert.deepEqual(
    wanted.filter((line) => !lines.includes(line)),
    [],
  )
})
