import {
  type InputObjectOf,
  int32,
  item,
  list,
  type Whole,
  pointer,
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
  formatSelector,
  imagesColumn,
  nameColumn,
  containerImages,
  containerNames,
} from '../columns.ts'
import { jobCompletions, jobDuration, jobState } from './job-columns.ts'
import { JobSpec } from './job-spec.ts'
import { prepareForCreate, validateJob, validateJobUpdate } from './job-strategy.ts'

export const JobSchema = struct('io.k8s.api.batch.v1.Job', () => ({
  spec: value(JobSpec, 2),
  status: value(JobStatus, 3),
}))

export const JobStatus = struct('io.k8s.api.batch.v1.JobStatus', () => ({
  conditions: list(JobCondition, 1).patch('merge', 'type'),
  startTime: time(2),
  completionTime: time(3),
  active: int32(4),
  succeeded: int32(5),
  failed: int32(6),
  terminating: int32(11).keep(),
  completedIndexes: string(7),
  failedIndexes: string(10).keep(),
  uncountedTerminatedPods: pointer(UncountedTerminatedPods, 8),
  ready: int32(9).keep(),
}))
export type JobStatus = ReadOf<typeof JobStatus>

export const JobCondition = struct('io.k8s.api.batch.v1.JobCondition', () => ({
  type: string(1).emit().required(),
  status: string(2).emit().required(),
  lastProbeTime: time(3).orNull(),
  lastTransitionTime: time(4).orNull(),
  reason: string(5),
  message: string(6),
}))
export type JobCondition = ReadOf<typeof JobCondition>

export const UncountedTerminatedPods = struct(
  'io.k8s.api.batch.v1.UncountedTerminatedPods',
  () => ({
    succeeded: list(item.string, 1).set(),
    failed: list(item.string, 2).set(),
  }),
)
export type UncountedTerminatedPods = ReadOf<typeof UncountedTerminatedPods>

export const Job = resource({
  name: 'jobs',
  categories: ['all'],
  namespaced: true,
  faces: [{ group: 'batch', version: 'v1', kind: 'Job', schema: JobSchema }],
  subresources: {
    status: true,
  },
  columns: [
    nameColumn,
    { name: 'Status', value: (job) => jobState(job) },
    { name: 'Completions', value: (job) => jobCompletions(job.spec, job.status) },
    { name: 'Duration', value: (job, { nowMs }) => jobDuration(job.status, nowMs) },
    ageColumn,
    { ...containersColumn, value: (job) => containerNames(job.spec.template.spec.containers) },
    { ...imagesColumn, value: (job) => containerImages(job.spec.template.spec.containers) },
    { name: 'Selector', priority: 1, value: (job) => formatSelector(job.spec.selector) },
  ],
  selectableFields: [
    { path: 'status.successful', value: (job) => String(job.status.succeeded ?? 0) },
  ],
  // Kept since its first version, though other kinds take what they own with them.
  defaultPropagation: 'Orphan',
  prepareForCreate,
  validate: validateJob,
  validateUpdate: validateJobUpdate,
})
export type Job = Whole<typeof JobSchema>
export type JobInput = InputObjectOf<typeof Job>
