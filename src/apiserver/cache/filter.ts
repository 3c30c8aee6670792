import type { FieldSelector, LabelSelector, Resource } from '#machinery'
import type { CacheEntry } from './entry.ts'

/** Which objects of a resource a list or watch is about. */
export interface Filter {
  /** '' for all namespaces. */
  readonly namespace: string
  readonly labels: LabelSelector | undefined
  readonly fields: FieldSelector | undefined
}

export const everything: Filter = { namespace: '', labels: undefined, fields: undefined }

/** Whether the entry is in the filter, its namespace included. */
export function matches(filter: Filter, entry: CacheEntry): boolean {
  return (
    (filter.namespace === '' || entry.namespace === filter.namespace) &&
    (filter.labels === undefined || filter.labels.matches(entry.labels)) &&
    (filter.fields === undefined || filter.fields.matches((path) => fieldValue(entry, path)))
  )
}

/** The names a field selector may use for this resource. */
export function selectableFieldPaths(resource: Resource): readonly string[] {
  const names = resource.namespaced ? ['metadata.name', 'metadata.namespace'] : ['metadata.name']
  return [...names, ...resource.selectableFields.map((field) => field.path)]
}

/** The value of a selectable field; undefined for one that the resource does not have. */
export function fieldValue(entry: CacheEntry, path: string): string | undefined {
  if (path === 'metadata.name') return entry.name
  if (path === 'metadata.namespace') return entry.namespace
  const at = entry.resource.selectableFields.findIndex((field) => field.path === path)
  return at === -1 ? undefined : entry.fields[at]
}
