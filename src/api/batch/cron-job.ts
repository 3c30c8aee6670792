import {
  boolean,
  type InputObjectOf,
  int32,
  int64,
  list,
  ObjectMeta,
  type ObjectOf,
  type ReadOf,
  resource,
  string,
  struct,
  time,
  value,
} from '#machinery'
import { ObjectReference } from '../core/object-reference.ts'
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
})
export type CronJob = ObjectOf<typeof CronJob>
export type CronJobInput = InputObjectOf<typeof CronJob>
