import {
  boolean,
  int32,
  int64,
  item,
  list,
  pointer,
  type ReadOf,
  string,
  struct,
  value,
} from '#machinery'
import { defaultJobSpec } from './job-strategy.ts'
import { PodTemplateSpec } from '../core/pod-template-spec.ts'
import { LabelSelector } from '../meta/label-selector.ts'

export const JobSpec = struct(
  'io.k8s.api.batch.v1.JobSpec',
  () => ({
    parallelism: int32(1).keep(),
    completions: int32(2).keep(),
    activeDeadlineSeconds: int64(3).keep(),
    podFailurePolicy: pointer(PodFailurePolicy, 11),
    successPolicy: pointer(SuccessPolicy, 16),
    backoffLimit: int32(7).keep(),
    backoffLimitPerIndex: int32(12).keep(),
    maxFailedIndexes: int32(13).keep(),
    selector: pointer(LabelSelector, 4),
    manualSelector: boolean(5).keep().default(false),
    template: value(PodTemplateSpec, 6).required(),
    ttlSecondsAfterFinished: int32(8).keep(),
    completionMode: string(9).values('Indexed', 'NonIndexed').keep().default('NonIndexed'),
    suspend: boolean(10).keep().default(false),
    podReplacementPolicy: string(14).values('Failed', 'TerminatingOrFailed').keep(),
    managedBy: string(15).keep(),
  }),
  {
    defaults(spec) {
      defaultJobSpec(spec)
    },
  },
)
export type JobSpec = ReadOf<typeof JobSpec>

export const PodFailurePolicy = struct('io.k8s.api.batch.v1.PodFailurePolicy', () => ({
  rules: list(PodFailurePolicyRule, 1).orNull().required(),
}))
export type PodFailurePolicy = ReadOf<typeof PodFailurePolicy>

export const PodFailurePolicyRule = struct('io.k8s.api.batch.v1.PodFailurePolicyRule', () => ({
  action: string(1).values('Count', 'FailIndex', 'FailJob', 'Ignore').emit().required(),
  onExitCodes: pointer(PodFailurePolicyOnExitCodesRequirement, 2),
  onPodConditions: list(PodFailurePolicyOnPodConditionsPattern, 3),
}))
export type PodFailurePolicyRule = ReadOf<typeof PodFailurePolicyRule>

export const PodFailurePolicyOnExitCodesRequirement = struct(
  'io.k8s.api.batch.v1.PodFailurePolicyOnExitCodesRequirement',
  () => ({
    containerName: string(1).keep(),
    operator: string(2).values('In', 'NotIn').emit().required(),
    values: list(item.int32, 3).orNull().set().required(),
  }),
)
export type PodFailurePolicyOnExitCodesRequirement = ReadOf<
  typeof PodFailurePolicyOnExitCodesRequirement
>

export const PodFailurePolicyOnPodConditionsPattern = struct(
  'io.k8s.api.batch.v1.PodFailurePolicyOnPodConditionsPattern',
  () => ({
    type: string(1).emit().required(),
    status: string(2).emit().default('True'),
  }),
)
export type PodFailurePolicyOnPodConditionsPattern = ReadOf<
  typeof PodFailurePolicyOnPodConditionsPattern
>

export const SuccessPolicy = struct('io.k8s.api.batch.v1.SuccessPolicy', () => ({
  rules: list(SuccessPolicyRule, 1).orNull().required(),
}))
export type SuccessPolicy = ReadOf<typeof SuccessPolicy>

export const SuccessPolicyRule = struct('io.k8s.api.batch.v1.SuccessPolicyRule', () => ({
  succeededIndexes: string(1).keep(),
  succeededCount: int32(2).keep(),
}))
export type SuccessPolicyRule = ReadOf<typeof SuccessPolicyRule>
