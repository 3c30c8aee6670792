import { item, list, type ReadOf, struct } from '#machinery'

export const PolicyRule = struct('io.k8s.api.rbac.v1.PolicyRule', () => ({
  verbs: list(item.string, 1).orNull().required(),
  apiGroups: list(item.string, 2),
  resources: list(item.string, 3),
  resourceNames: list(item.string, 4),
  nonResourceURLs: list(item.string, 5),
}))
export type PolicyRule = ReadOf<typeof PolicyRule>
