import { isExtendedResource } from './resources-validation.ts'

/** What quotas count, besides `count/<resource>.<group>` and what vendors name. */
const counted = [
  'pods',
  'services',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
]

/** What pods use together, or ask for, or are limited to. */
const podCompute = [
  'cpu',
  'memory',
  'requests.cpu',
  'requests.memory',
  'limits.cpu',
  'limits.memory',
]

const standard: ReadonlySet<string> = new Set([
  ...counted,
  ...podCompute,
  'ephemeral-storage',
  'requests.ephemeral-storage',
  'limits.ephemeral-storage',
  'requests.storage',
])

export function isQuotaResource(name: string): boolean {
  return standard.has(name) || /^(?:requests\.)?hugepages-/.test(name)
}

/** Whether there are only whole ones of it. */
export function isWhole(name: string): boolean {
  return counted.includes(name) || isExtendedResource(name)
}

const scoped: Readonly<Record<string, readonly string[]>> = {
  BestEffort: ['pods'],
  NotBestEffort: ['pods', ...podCompute],
  Terminating: ['pods', ...podCompute],
  NotTerminating: ['pods', ...podCompute],
  PriorityClass: ['pods', ...podCompute],
  CrossNamespacePodAffinity: ['pods', ...podCompute],
  VolumeAttributesClass: ['persistentvolumeclaims', 'requests.storage'],
}

export function isQuotaScope(scope: string): boolean {
  return Object.hasOwn(scoped, scope)
}

/** Whether what a resource is used for can be narrowed to the scope. */
export function fitsScope(resource: string, scope: string): boolean {
  if (!isQuotaResource(resource) || !isQuotaScope(scope)) return true
  return scoped[scope]?.includes(resource) ?? false
}
