import { int32, int64, item, list, pointer, type ReadOf, string, struct, value } from '#machinery'
import { LabelSelector } from '../meta/label-selector.ts'
import { NodeSelector, NodeSelectorTerm } from './node-selector.ts'

export const Affinity = struct('io.k8s.api.core.v1.Affinity', () => ({
  nodeAffinity: pointer(NodeAffinity, 1),
  podAffinity: pointer(PodAffinity, 2),
  podAntiAffinity: pointer(PodAntiAffinity, 3),
}))
export type Affinity = ReadOf<typeof Affinity>

export const NodeAffinity = struct('io.k8s.api.core.v1.NodeAffinity', () => ({
  requiredDuringSchedulingIgnoredDuringExecution: pointer(NodeSelector, 1),
  preferredDuringSchedulingIgnoredDuringExecution: list(PreferredSchedulingTerm, 2),
}))
export type NodeAffinity = ReadOf<typeof NodeAffinity>

export const PreferredSchedulingTerm = struct('io.k8s.api.core.v1.PreferredSchedulingTerm', () => ({
  weight: int32(1).emit().required(),
  preference: value(NodeSelectorTerm, 2).required(),
}))
export type PreferredSchedulingTerm = ReadOf<typeof PreferredSchedulingTerm>

export const PodAffinity = struct('io.k8s.api.core.v1.PodAffinity', () => ({
  requiredDuringSchedulingIgnoredDuringExecution: list(PodAffinityTerm, 1),
  preferredDuringSchedulingIgnoredDuringExecution: list(WeightedPodAffinityTerm, 2),
}))
export type PodAffinity = ReadOf<typeof PodAffinity>

export const PodAffinityTerm = struct('io.k8s.api.core.v1.PodAffinityTerm', () => ({
  labelSelector: pointer(LabelSelector, 1),
  namespaces: list(item.string, 2),
  topologyKey: string(3).emit().required(),
  namespaceSelector: pointer(LabelSelector, 4),
  matchLabelKeys: list(item.string, 5),
  mismatchLabelKeys: list(item.string, 6),
}))
export type PodAffinityTerm = ReadOf<typeof PodAffinityTerm>

export const WeightedPodAffinityTerm = struct('io.k8s.api.core.v1.WeightedPodAffinityTerm', () => ({
  weight: int32(1).emit().required(),
  podAffinityTerm: value(PodAffinityTerm, 2).required(),
}))
export type WeightedPodAffinityTerm = ReadOf<typeof WeightedPodAffinityTerm>

export const PodAntiAffinity = struct('io.k8s.api.core.v1.PodAntiAffinity', () => ({
  requiredDuringSchedulingIgnoredDuringExecution: list(PodAffinityTerm, 1),
  preferredDuringSchedulingIgnoredDuringExecution: list(WeightedPodAffinityTerm, 2),
}))
export type PodAntiAffinity = ReadOf<typeof PodAntiAffinity>

export const Toleration = struct('io.k8s.api.core.v1.Toleration', () => ({
  key: string(1),
  operator: string(2).values('Equal', 'Exists', 'Gt', 'Lt'),
  value: string(3),
  effect: string(4).values('NoExecute', 'NoSchedule', 'PreferNoSchedule'),
  tolerationSeconds: int64(5).keep(),
}))
export type Toleration = ReadOf<typeof Toleration>

export const TopologySpreadConstraint = struct(
  'io.k8s.api.core.v1.TopologySpreadConstraint',
  () => ({
    maxSkew: int32(1).emit().required(),
    topologyKey: string(2).emit().required(),
    whenUnsatisfiable: string(3).values('DoNotSchedule', 'ScheduleAnyway').emit().required(),
    labelSelector: pointer(LabelSelector, 4),
    minDomains: int32(5).keep(),
    nodeAffinityPolicy: string(6).values('Honor', 'Ignore').keep(),
    nodeTaintsPolicy: string(7).values('Honor', 'Ignore').keep(),
    matchLabelKeys: list(item.string, 8),
  }),
)
export type TopologySpreadConstraint = ReadOf<typeof TopologySpreadConstraint>
