import {
  age,
  ageColumn,
  selectorFromObject,
  type KubeObject,
  type LabelSelectorObject,
  type ResourceDefinition,
  type StructSchema,
} from '#machinery'

/** The columns of a kind, as `resource` takes them. */
export type Columns<S extends StructSchema> = NonNullable<ResourceDefinition<S>['columns']>

/** What most kinds' tables have, as kubectl shows it. */
export const nameColumn = {
  name: 'Name',
  format: 'name',
  description: 'The name of the object, unique within its namespace.',
  value: (object: KubeObject) => object.metadata.name ?? '',
} as const

export { ageColumn }

/** For kinds whose age says little. */
export const createdAtColumn = {
  name: 'Created At',
  description: 'The time at which the object was created.',
  value: (object: KubeObject) => object.metadata.creationTimestamp ?? '',
} as const

/** The wide columns of what makes pods from a template. */
export const containersColumn = {
  name: 'Containers',
  priority: 1,
  description: 'The names of the containers in the template.',
} as const

export const imagesColumn = {
  name: 'Images',
  priority: 1,
  description: 'The images of the containers in the template.',
} as const

interface TemplateContainer {
  readonly name: string
  readonly image?: string
}

export function containerNames(
  containers: readonly TemplateContainer[] | null | undefined,
): string {
  return (containers ?? []).map((container) => container.name).join(',')
}

export function containerImages(
  containers: readonly TemplateContainer[] | null | undefined,
): string {
  return (containers ?? []).map((container) => container.image ?? '').join(',')
}

/** `5d3h` since the time, or `<unknown>` where there is none. */
export function formatAge(since: string | null | undefined, nowMs: number): string {
  return age(since ?? undefined, nowMs)
}

/** `a=b,c=d`, or `<none>`. */
export function formatLabels(labels: Readonly<Record<string, string>> | undefined): string {
  const entries = Object.entries(labels ?? {})
  if (entries.length === 0) return '<none>'
  return entries
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(',')
}

/** The selector in the text form of query parameters, or `<none>`. */
export function formatSelector(selector: LabelSelectorObject | null | undefined): string {
  const text = selectorFromObject(selector).toString()
  return text === '' ? '<none>' : text
}

/** The first items, and how many more there are: `a,b + 2 more...`. */
export function formatFirst(items: readonly string[], max: number): string {
  const shown = items.slice(0, max).join(',')
  return items.length > max ? `${shown} + ${items.length - max} more...` : shown
}
