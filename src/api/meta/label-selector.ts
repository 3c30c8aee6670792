import { item, list, map, type ReadOf, string, struct } from '#machinery'

export const LabelSelector = struct(
  'io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector',
  () => ({
    matchLabels: map(item.string, 1),
    matchExpressions: list(LabelSelectorRequirement, 2),
  }),
  { mapType: 'atomic' },
)
export type LabelSelector = ReadOf<typeof LabelSelector>

export const LabelSelectorRequirement = struct(
  'io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement',
  () => ({
    key: string(1).emit().required(),
    operator: string(2).values('DoesNotExist', 'Exists', 'In', 'NotIn').emit().required(),
    values: list(item.string, 3),
  }),
)
export type LabelSelectorRequirement = ReadOf<typeof LabelSelectorRequirement>
