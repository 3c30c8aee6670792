import { field, type FieldError, type FieldPath, type Whole } from '#machinery'
import { metadataPath, nonNegative, oneOfValues, specPath } from '../validation.ts'
import type { CronJobSchema, CronJobSpec } from './cron-job.ts'
import { cronProblem } from './cron-schedule.ts'
import { validateJobSpec } from './job-strategy.ts'

type CronJob = Whole<typeof CronJobSchema>

/** The names of its jobs have 11 characters more. */
const nameMaxLength = 52

export function validateCronJob({ metadata, spec }: CronJob): readonly FieldError[] {
  const errors = [...validateSpec(spec, undefined)]
  const { name = '' } = metadata
  if (name.length <= nameMaxLength) return errors
  const why = `must be no more than ${nameMaxLength} characters`
  return [...errors, field.invalid(metadataPath.child('name'), name, why)]
}

export function validateCronJobUpdate(cron: CronJob, old: CronJob): readonly FieldError[] {
  return validateSpec(cron.spec, old.spec)
}

function validateSpec(spec: CronJobSpec, old: CronJobSpec | undefined): readonly FieldError[] {
  const counts = [
    'startingDeadlineSeconds',
    'successfulJobsHistoryLimit',
    'failedJobsHistoryLimit',
  ] as const
  return [
    ...validateSchedule(spec, old, specPath.child('schedule')),
    ...counts.flatMap((name) => nonNegative(specPath.child(name), spec[name])),
    ...(spec.timeZone === old?.timeZone
      ? []
      : validateTimeZone(spec.timeZone, specPath.child('timeZone'))),
    ...oneOfValues(
      specPath.child('concurrencyPolicy'),
      spec.concurrencyPolicy,
      ['Allow', 'Forbid', 'Replace'],
      true,
    ),
    ...validateJobSpec(spec.jobTemplate.spec, specPath.child('jobTemplate', 'spec')),
  ]
}

function validateSchedule(
  { schedule, timeZone }: CronJobSpec,
  old: CronJobSpec | undefined,
  path: FieldPath,
): readonly FieldError[] {
  if (schedule === '') return [field.required(path)]
  const problem = cronProblem(schedule)
  const errors = problem === undefined ? [] : [field.invalid(path, schedule, problem)]
  if (!schedule.includes('TZ')) return errors
  if (old?.schedule.includes('TZ') !== true) {
    const why = 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'
    errors.push(field.invalid(path, schedule, why))
  } else if (timeZone !== undefined) {
    const why = 'cannot use both timeZone field and TZ or CRON_TZ in schedule'
    errors.push(field.invalid(path, schedule, why))
  }
  return errors
}

function validateTimeZone(timeZone: string | undefined, path: FieldPath): readonly FieldError[] {
  if (timeZone === undefined) return []
  if (timeZone === '') {
    return [field.invalid(path, timeZone, 'timeZone must be nil or non-empty string')]
  }
  if (timeZone.toLowerCase() === 'local') {
    const why =
      'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones'
    return [field.invalid(path, timeZone, why)]
  }
  // An offset such as +01:00 is a zone to Intl, but has no name in the database.
  const known = /^[A-Za-z]/.test(timeZone) && isTimeZone(timeZone)
  return known ? [] : [field.invalid(path, timeZone, `unknown time zone ${timeZone}`)]
}

function isTimeZone(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
