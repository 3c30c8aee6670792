import { parseTime } from '#base'
import { humanDuration, type KubeObject } from '#machinery'
import type { JobStatus } from './job.ts'
import type { JobSpec } from './job-spec.ts'

/** The one word for how the job is. */
export function jobState(job: KubeObject & { readonly status: JobStatus }): string {
  const has = (type: string) =>
    (job.status.conditions ?? []).some(
      (condition) => condition.type === type && condition.status === 'True',
    )
  if (has('Complete')) return 'Complete'
  if (has('Failed')) return 'Failed'
  if (job.metadata.deletionTimestamp !== undefined) return 'Terminating'
  return ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'].find(has) ?? 'Running'
}

export function jobCompletions(spec: JobSpec, status: JobStatus): string {
  const succeeded = status.succeeded ?? 0
  if (spec.completions !== undefined) return `${succeeded}/${spec.completions}`
  const parallelism = spec.parallelism ?? 0
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`
}

export function jobDuration(status: JobStatus, nowMs: number): string {
  if (status.startTime === undefined) return ''
  const startMs = parseTime(status.startTime) ?? nowMs
  const end = status.completionTime
  return humanDuration((end === undefined ? nowMs : (parseTime(end) ?? nowMs)) - startMs)
}
