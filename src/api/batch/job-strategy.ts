import {
  equalJson,
  field,
  type FieldError,
  type Mutable,
  type Whole,
  type WholeDraft,
} from '#machinery'
import { validatePodTemplateSpec } from '../core/pod-spec-validation.ts'
import { immutableMessage, nonNegative, specPath } from '../validation.ts'
import type { JobSpec } from './job-spec.ts'
import type { JobSchema } from './job.ts'

type Job = Whole<typeof JobSchema>

/** The labels that tie pods to their job; the ones without prefix are the old names. */
export const jobNameLabel = 'batch.kubernetes.io/job-name'
export const controllerUidLabel = 'batch.kubernetes.io/controller-uid'

/** Unless the user chooses, a job selects its pods by its uid. */
export function prepareForCreate(draft: WholeDraft<typeof JobSchema>): void {
  const { metadata, spec } = draft
  const given = spec.template.metadata.labels
  if (!spec.manualSelector) selectByUid(draft)
  // A job without labels has those of its pods; upstream adds the generated ones on reading.
  metadata.labels ??= { ...(given ?? spec.template.metadata.labels) }
}

function selectByUid({ metadata, spec }: WholeDraft<typeof JobSchema>): void {
  const { uid = '', name = '' } = metadata
  spec.template.metadata.labels = {
    'job-name': name,
    'controller-uid': uid,
    [jobNameLabel]: name,
    [controllerUidLabel]: uid,
    ...spec.template.metadata.labels,
  }
  spec.selector ??= {}
  spec.selector.matchLabels = { ...spec.selector.matchLabels, [controllerUidLabel]: uid }
}

/** The defaults that depend on each other; runs before those of the parts. */
export function defaultJobSpec(spec: Mutable<JobSpec>): void {
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1
  spec.parallelism ??= 1
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : 0x7fff_ffff
  spec.podReplacementPolicy ??=
    spec.podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed'
}

export function validateJob({ spec }: Job): readonly FieldError[] {
  return validateJobSpec(spec)
}

export function validateJobSpec(spec: JobSpec, path = specPath): readonly FieldError[] {
  const { restartPolicy } = spec.template.spec
  const template = path.child('template')
  const errors: FieldError[] = []
  for (const name of [
    'parallelism',
    'completions',
    'activeDeadlineSeconds',
    'backoffLimit',
    'ttlSecondsAfterFinished',
  ] as const) {
    errors.push(...nonNegative(path.child(name), spec[name]))
  }
  if (spec.completionMode === 'Indexed' && spec.completions === undefined) {
    const why = 'when completion mode is Indexed'
    errors.push(field.required(path.child('completions'), why))
  }
  errors.push(...validatePodTemplateSpec(spec.template, template))
  if (restartPolicy === 'Always') {
    const at = template.child('spec', 'restartPolicy')
    errors.push(field.required(at, 'valid values: "OnFailure", "Never"'))
  }
  return errors
}

export function validateJobUpdate(job: Job, old: Job): readonly FieldError[] {
  const errors = [...validateJobSpec(job.spec)]
  const names = ['selector', 'template', 'completionMode', 'podFailurePolicy'] as const
  for (const name of names) {
    if (name === 'template' && isSuspended(old)) continue
    if (!equalJson(job.spec[name], old.spec[name])) {
      errors.push(field.invalid(specPath.child(name), job.spec[name], immutableMessage))
    }
  }
  const elastic =
    job.spec.completionMode === 'Indexed' && job.spec.completions === job.spec.parallelism
  if (job.spec.completions !== old.spec.completions && !elastic) {
    errors.push(
      field.invalid(specPath.child('completions'), job.spec.completions, immutableMessage),
    )
  }
  return errors
}

/** Before it has started, where a job's pods may run can still change (KEP-2926). */
function isSuspended({ spec, status }: Job): boolean {
  return spec.suspend && status.startTime === undefined
}
