import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatFieldError } from '#machinery'
import { decoded } from '../testing/decoded.ts'
import { validateCronJob, validateCronJobName } from './cron-job-validation.ts'
import { CronJob } from './cron-job.ts'

const containers = [{ name: 'c', image: 'i:1' }]
const cron = (schedule: string, restartPolicy: 'Always' | 'Never' = 'Never') =>
  decoded(CronJob, {
    metadata: {},
    spec: {
      schedule,
      jobTemplate: { spec: { template: { spec: { containers, restartPolicy } } } },
    },
  })
const text = (job: CronJob) => validateCronJob(job).map(formatFieldError)

test('defaults of a CronJob', () => {
  const { spec } = cron('@daily')
  assert.equal(spec.concurrencyPolicy, 'Allow')
  assert.equal(spec.suspend, false)
  assert.equal(spec.successfulJobsHistoryLimit, 3)
  assert.equal(spec.failedJobsHistoryLimit, 1)
})

test('a CronJob has a schedule and pods that end', () => {
  assert.deepEqual(text(cron('*/5 * * * *')), [])
  assert.deepEqual(text(cron('')), ['spec.schedule: Required value'])
  assert.deepEqual(text(cron('* * *')), [
    'spec.schedule: Invalid value: "* * *": expected exactly 5 fields, found 3: [* * *]',
  ])
  assert.deepEqual(text(cron('@hourly', 'Always')), [
    'spec.jobTemplate.spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
  ])
  assert.deepEqual(validateCronJobName('a'.repeat(53), false), [
    'must be no more than 52 characters',
  ])
})
