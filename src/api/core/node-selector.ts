import { item, list, type ReadOf, string, struct } from '#machinery'

export const NodeSelector = struct(
  'io.k8s.api.core.v1.NodeSelector',
  () => ({
    nodeSelectorTerms: list(NodeSelectorTerm, 1).orNull().required(),
  }),
  { mapType: 'atomic' },
)
export type NodeSelector = ReadOf<typeof NodeSelector>

export const NodeSelectorTerm = struct(
  'io.k8s.api.core.v1.NodeSelectorTerm',
  () => ({
    matchExpressions: list(NodeSelectorRequirement, 1),
    matchFields: list(NodeSelectorRequirement, 2),
  }),
  { mapType: 'atomic' },
)
export type NodeSelectorTerm = ReadOf<typeof NodeSelectorTerm>

export const NodeSelectorRequirement = struct('io.k8s.api.core.v1.NodeSelectorRequirement', () => ({
  key: string(1).emit().required(),
  operator: string(2).values('DoesNotExist', 'Exists', 'Gt', 'In', 'Lt', 'NotIn').emit().required(),
  values: list(item.string, 3),
}))
export type NodeSelectorRequirement = ReadOf<typeof NodeSelectorRequirement>

export const TopologySelectorTerm = struct(
  'io.k8s.api.core.v1.TopologySelectorTerm',
  () => ({
    matchLabelExpressions: list(TopologySelectorLabelRequirement, 1),
  }),
  { mapType: 'atomic' },
)
export type TopologySelectorTerm = ReadOf<typeof TopologySelectorTerm>

export const TopologySelectorLabelRequirement = struct(
  'io.k8s.api.core.v1.TopologySelectorLabelRequirement',
  () => ({
    key: string(1).emit().required(),
    values: list(item.string, 2).orNull().required(),
  }),
)
export type TopologySelectorLabelRequirement = ReadOf<typeof TopologySelectorLabelRequirement>
