import {
  boolean,
  type InputObjectOf,
  int32,
  int64,
  list,
  ObjectMeta,
  type Whole,
  type ReadOf,
  resource,
  string,
  struct,
  time,
  value,
} from '#machinery'
import {
  ageColumn,
  containersColumn,
  formatAge,
  formatSelector,
  imagesColumn,
  nameColumn,
  containerImages,
  containerNames,
} from '../columns.ts'
import { ObjectReference } from '../core/object-reference.ts'
import { validateCronJob, validateCronJobUpdate } from './cron-job-validation.ts'
import { JobSpec } from './job-spec.ts'

export const CronJobSchema = struct('io.k8s.api.batch.v1.CronJob', () => ({
  spec: value(CronJobSpec, 2).required(),
  status: value(CronJobStatus, 3),
}))

export const CronJobSpec = struct('io.k8s.api.batch.v1.CronJobSpec', () => ({
  schedule: string(1).emit().required(),
  timeZone: string(8).keep(),
  startingDeadlineSeconds: int64(2).keep(),
  concurrencyPolicy: string(3).values('Allow', 'Forbid', 'Replace').default('Allow'),
  suspend: boolean(4).keep().default(false),
  jobTemplate: value(JobTemplateSpec, 5).required(),
  successfulJobsHistoryLimit: int32(6).keep().default(3),
  failedJobsHistoryLimit: int32(7).keep().default(1),
}))
export type CronJobSpec = ReadOf<typeof CronJobSpec>

export const JobTemplateSpec = struct('io.k8s.api.batch.v1.JobTemplateSpec', () => ({
  metadata: value(ObjectMeta, 1),
  spec: value(JobSpec, 2),
}))
export type JobTemplateSpec = ReadOf<typeof JobTemplateSpec>

export const CronJobStatus = struct('io.k8s.api.batch.v1.CronJobStatus', () => ({
  active: list(ObjectReference, 1),
  lastScheduleTime: time(4),
  lastSuccessfulTime: time(5),
}))
export type CronJobStatus = ReadOf<typeof CronJobStatus>

export const CronJob = resource({
  name: 'cronjobs',
  shortNames: ['cj'],
  categories: ['all'],
  namespaced: true,
  faces: [{ group: 'batch', version: 'v1', kind: 'CronJob', schema: CronJobSchema }],
  subresources: {
    status: true,
  },
  validate: validateCronJob,
  validateUpdate: validateCronJobUpdate,
  columns: [
    nameColumn,
    { name: 'Schedule', value: (cron) => cron.spec.schedule },
    { name: 'Timezone', value: (cron) => cron.spec.timeZone ?? '<none>' },
    { name: 'Suspend', value: (cron) => (cron.spec.suspend ? 'True' : 'False') },
    { name: 'Active', type: 'integer', value: (cron) => cron.status.active?.length ?? 0 },
    {
      name: 'Last Schedule',
      value: (cron, { nowMs }) =>
        cron.status.lastScheduleTime === undefined
          ? '<none>'
          : formatAge(cron.status.lastScheduleTime, nowMs),
    },
    ageColumn,
    {
      ...containersColumn,
      value: (cron) => containerNames(cron.spec.jobTemplate.spec.template.spec.containers),
    },
    {
      ...imagesColumn,
      value: (cron) => containerImages(cron.spec.jobTemplate.spec.template.spec.containers),
    },
    {
      name: 'Selector',
      priority: 1,
      value: (cron) => formatSelector(cron.spec.jobTemplate.spec.selector),
    },
  ],
})
export type CronJob = Whole<typeof CronJobSchema>
export type CronJobInput = InputObjectOf<typeof CronJob>
