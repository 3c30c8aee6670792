import { item, list, type ReadOf, string, struct } from '#machinery'

export const FieldSelectorRequirement = struct(
  'io.k8s.apimachinery.pkg.apis.meta.v1.FieldSelectorRequirement',
  () => ({
    key: string(1).emit().required(),
    operator: string(2).values('DoesNotExist', 'Exists', 'In', 'NotIn').emit().required(),
    values: list(item.string, 3),
  }),
)
export type FieldSelectorRequirement = ReadOf<typeof FieldSelectorRequirement>
