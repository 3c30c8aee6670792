import { field, nameIsDNSSubdomain, type FieldError, type Whole } from '#machinery'
import { nonNegative, oneOfValues, requiredText, specPath } from '../validation.ts'
import type { CronJobSchema } from './cron-job.ts'
import { validateJobSpec } from './job-strategy.ts'

type CronJob = Whole<typeof CronJobSchema>

/** The names of its jobs have eleven more characters, and at most 63. */
const nameMaxLength = 52

export function validateCronJobName(name: string, prefix: boolean): readonly string[] {
  if (name.length <= nameMaxLength) return nameIsDNSSubdomain(name, prefix)
  return [...nameIsDNSSubdomain(name, prefix), `must be no more than ${nameMaxLength} characters`]
}

export function validateCronJob({ spec }: CronJob): readonly FieldError[] {
  const { schedule, timeZone } = spec
  const zone = specPath.child('timeZone')
  const errors = [...requiredText(specPath.child('schedule'), schedule)]
  if (schedule !== '' && !isSchedule(schedule)) {
    const fields = schedule.trim().split(/\s+/)
    const why = `expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`
    errors.push(field.invalid(specPath.child('schedule'), schedule, why))
  }
  if (timeZone === '') {
    errors.push(field.invalid(zone, timeZone, 'timeZone must be nil or non-empty string'))
  } else if (timeZone?.toLowerCase() === 'local') {
    const why =
      'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones'
    errors.push(field.invalid(zone, timeZone, why))
  }
  return [
    ...errors,
    ...nonNegative(specPath.child('startingDeadlineSeconds'), spec.startingDeadlineSeconds),
    ...oneOfValues(
      specPath.child('concurrencyPolicy'),
      spec.concurrencyPolicy,
      ['Allow', 'Forbid', 'Replace'],
      true,
    ),
    ...nonNegative(specPath.child('successfulJobsHistoryLimit'), spec.successfulJobsHistoryLimit),
    ...nonNegative(specPath.child('failedJobsHistoryLimit'), spec.failedJobsHistoryLimit),
    ...validateJobSpec(spec.jobTemplate.spec, specPath.child('jobTemplate', 'spec')),
  ]
}

/** Five fields of times, or a word such as @daily. */
function isSchedule(schedule: string): boolean {
  const text = schedule.trim().replace(/^(?:TZ|CRON_TZ)=\S+\s+/, '')
  return text.startsWith('@') || text.split(/\s+/).length === 5
}
