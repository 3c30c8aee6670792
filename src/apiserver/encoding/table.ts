import type { KubeObject } from '#machinery'
import type { Served, TableColumn } from '../request.ts'
import type { Representation } from './negotiate.ts'

/** Which part of each object a table's rows carry (the `includeObject` parameter). */
export type IncludeObject = 'None' | 'Metadata' | 'Object'

export interface TableForm {
  readonly version: Representation['version']
  readonly include: IncludeObject
  readonly nowMs: number
}

/** The columns of a table as JSON. */
export function columnDefinitions(columns: readonly TableColumn[]): string {
  return JSON.stringify(
    columns.map(({ name, type, format, description, priority }) => ({
      name,
      type,
      format,
      description,
      priority,
    })),
  )
}

/** One row as JSON. */
export function tableRow(served: Served, form: TableForm): string {
  const { cells, conditions } = served.cells(form.nowMs)
  const object = rowObject(served, form)
  return JSON.stringify({
    cells,
    ...(conditions.length === 0 ? {} : { conditions }),
    object,
  })
}

function rowObject(served: Served, { include, version }: TableForm): unknown {
  switch (include) {
    case 'None':
      return null
    case 'Metadata':
      return partialObject(served.object(), version)
    case 'Object':
      return served.object()
  }
}

/** An object reduced to its metadata. */
export function partialObject(object: KubeObject, version: Representation['version']) {
  return {
    kind: 'PartialObjectMetadata',
    apiVersion: `meta.k8s.io/${version}`,
    metadata: object.metadata,
  }
}
