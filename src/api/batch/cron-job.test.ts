import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { formatFieldError, type FieldError } from '#machinery'
import { decoded } from '../testing/decoded.ts'
import { CronJob, type CronJobInput } from './cron-job.ts'
import { validateCronJob, validateCronJobUpdate } from './cron-job-validation.ts'
import { cronProblem } from './cron-schedule.ts'

const text = (errors: readonly FieldError[]) => errors.map(formatFieldError)

suite('schedules', () => {
  for (const schedule of [
    '* * * * *',
    '*/5 0-6,12 ? jan-mar MON',
    '0 3/4 1 12 6',
    '@hourly',
    '@every 1h30m',
    'TZ=Asia/Tokyo 0 0 * * *',
  ]) {
    test(schedule, () => assert.equal(cronProblem(schedule), undefined))
  }

  const wrong: readonly [schedule: string, problem: string][] = [
    [' ', 'empty spec string'],
    ['* * * *', 'expected exactly 5 fields, found 4: [* * * *]'],
    ['60 * * * *', 'end of range (60) above maximum (59): 60'],
    ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
    ['* * * * 5-2', 'beginning of range (5) beyond end of range (2): 5-2'],
    ['1-2-3 * * * *', 'too many hyphens: 1-2-3'],
    ['*/2/3 * * * *', 'too many slashes: */2/3'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['x * * * *', 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'],
    ['@never', 'unrecognized descriptor: @never'],
  ]
  for (const [schedule, problem] of wrong) {
    test(schedule, () => assert.equal(cronProblem(schedule), problem))
  }
})

suite('CronJob', () => {
  const containers = [{ name: 'c', image: 'i' }]
  const template = { spec: { restartPolicy: 'Never' as const, containers } }
  const spec = { schedule: '0 0 * * *', jobTemplate: { spec: { template } } }
  const cron = (change: Partial<CronJobInput['spec']> = {}, name = 'c') =>
    decoded(CronJob, { metadata: { name }, spec: { ...spec, ...change } })

  test('defaults', () => {
    const { concurrencyPolicy, suspend, ...rest } = cron().spec
    assert.deepEqual([concurrencyPolicy, suspend], ['Allow', false])
    assert.deepEqual([rest.successfulJobsHistoryLimit, rest.failedJobsHistoryLimit], [3, 1])
  })

  const cases: readonly [what: string, object: CronJob, errors: readonly string[]][] = [
    ['complete', cron({ timeZone: 'Europe/Berlin' }), []],
    ['no schedule', cron({ schedule: '' }), ['spec.schedule: Required value']],
    [
      'a zone in the schedule',
      cron({ schedule: 'TZ=UTC 0 0 * * *' }),
      [
        'spec.schedule: Invalid value: "TZ=UTC 0 0 * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
      ],
    ],
    [
      'an unknown zone',
      cron({ timeZone: 'Mars/Olympus' }),
      ['spec.timeZone: Invalid value: "Mars/Olympus": unknown time zone Mars/Olympus'],
    ],
    [
      'an offset',
      cron({ timeZone: '+01:00' }),
      ['spec.timeZone: Invalid value: "+01:00": unknown time zone +01:00'],
    ],
    [
      'a negative history',
      cron({ failedJobsHistoryLimit: -1 }),
      ['spec.failedJobsHistoryLimit: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      'a long name',
      cron({}, 'a'.repeat(53)),
      [`metadata.name: Invalid value: "${'a'.repeat(53)}": must be no more than 52 characters`],
    ],
    [
      'a template that runs for ever',
      cron({
        jobTemplate: { spec: { template: { spec: { containers: containers } } } },
      }),
      [
        'spec.jobTemplate.spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
      ],
    ],
  ]
  for (const [what, object, errors] of cases) {
    test(what, () => assert.deepEqual(text(validateCronJob(object)), errors))
  }

  test('a zone that was in the schedule may stay there', () => {
    const old = cron({ schedule: 'TZ=UTC 0 0 * * *' })
    assert.deepEqual(validateCronJobUpdate(old, old), [])
    const both = cron({ schedule: 'TZ=UTC 0 0 * * *', timeZone: 'UTC' })
    assert.deepEqual(text(validateCronJobUpdate(both, old)), [
      'spec.schedule: Invalid value: "TZ=UTC 0 0 * * *": cannot use both timeZone field and TZ or CRON_TZ in schedule',
    ])
  })
})
