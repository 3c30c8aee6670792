import {
  getOwn,
  type InputObjectOf,
  item,
  list,
  map,
  type Whole,
  oneOf,
  pointer,
  type ReadOf,
  resource,
  string,
  struct,
  value,
} from '#machinery'
import { ageColumn, nameColumn } from '../columns.ts'
import {
  validateResourceQuota,
  validateResourceQuotaStatus,
  validateResourceQuotaUpdate,
} from './resource-quota-validation.ts'

export const ResourceQuotaSchema = struct('io.k8s.api.core.v1.ResourceQuota', () => ({
  spec: value(ResourceQuotaSpec, 2),
  status: value(ResourceQuotaStatus, 3),
}))

export const ResourceQuotaSpec = struct('io.k8s.api.core.v1.ResourceQuotaSpec', () => ({
  hard: map(item.quantity, 1),
  scopes: list(
    oneOf(
      'BestEffort',
      'CrossNamespacePodAffinity',
      'NotBestEffort',
      'NotTerminating',
      'PriorityClass',
      'Terminating',
      'VolumeAttributesClass',
    ),
    2,
  ),
  scopeSelector: pointer(ScopeSelector, 3),
}))
export type ResourceQuotaSpec = ReadOf<typeof ResourceQuotaSpec>

export const ScopeSelector = struct(
  'io.k8s.api.core.v1.ScopeSelector',
  () => ({
    matchExpressions: list(ScopedResourceSelectorRequirement, 1),
  }),
  { mapType: 'atomic' },
)
export type ScopeSelector = ReadOf<typeof ScopeSelector>

export const ScopedResourceSelectorRequirement = struct(
  'io.k8s.api.core.v1.ScopedResourceSelectorRequirement',
  () => ({
    scopeName: string(1)
      .values(
        'BestEffort',
        'CrossNamespacePodAffinity',
        'NotBestEffort',
        'NotTerminating',
        'PriorityClass',
        'Terminating',
        'VolumeAttributesClass',
      )
      .emit()
      .required(),
    operator: string(2).values('DoesNotExist', 'Exists', 'In', 'NotIn').emit().required(),
    values: list(item.string, 3),
  }),
)
export type ScopedResourceSelectorRequirement = ReadOf<typeof ScopedResourceSelectorRequirement>

export const ResourceQuotaStatus = struct('io.k8s.api.core.v1.ResourceQuotaStatus', () => ({
  hard: map(item.quantity, 1),
  used: map(item.quantity, 2),
}))
export type ResourceQuotaStatus = ReadOf<typeof ResourceQuotaStatus>

export const ResourceQuota = resource({
  name: 'resourcequotas',
  shortNames: ['quota'],
  namespaced: true,
  returnsDeleted: true,
  faces: [{ group: '', version: 'v1', kind: 'ResourceQuota', schema: ResourceQuotaSchema }],
  subresources: {
    status: { verbs: ['get', 'patch', 'update'], validateUpdate: validateResourceQuotaStatus },
  },
  generation: false,
  validate: validateResourceQuota,
  validateUpdate: validateResourceQuotaUpdate,
  columns: [
    nameColumn,
    { name: 'Request', value: (quota) => formatQuota(quota.status, false) },
    { name: 'Limit', value: (quota) => formatQuota(quota.status, true) },
    ageColumn,
  ],
})
export type ResourceQuota = Whole<typeof ResourceQuotaSchema>
export type ResourceQuotaInput = InputObjectOf<typeof ResourceQuota>

/** The requests or the limits: `cpu: 1/2, memory: 1Gi/2Gi`. */
function formatQuota({ hard = {}, used = {} }: ResourceQuotaStatus, limits: boolean): string {
  return Object.entries(hard)
    .filter(([name]) => name.startsWith('limits') === limits)
    .map(([name, amount]) => `${name}: ${getOwn(used, name) ?? '0'}/${amount}`)
    .sort()
    .join(', ')
}
