import type { PodTemplateSpec, ReplicaSetStatus } from '#api'
import type { KubeObject, LabelSelector } from '#machinery'

/** What ReplicaSets and ReplicationControllers have in common: so many pods of one template. */
export interface Replicas {
  readonly owner: KubeObject
  readonly wanted: number
  readonly minReadySeconds: number
  readonly selector: LabelSelector
  readonly template: PodTemplateSpec
  readonly status: ReplicaSetStatus
  /** Whether the status of the kind says how many pods are being deleted. */
  readonly countsTerminating: boolean
}
