import type { JsonSink, Served, TableColumn } from '../request.ts'
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
export function writeRow(to: JsonSink, served: Served, { include, version, nowMs }: TableForm) {
  const { cells, conditions } = served.cells(nowMs)
  const row = JSON.stringify(conditions.length === 0 ? { cells } : { cells, conditions })
  to.text(`${row.slice(0, -1)},"object":`)
  switch (include) {
    case 'None':
      to.text('null')
      break
    case 'Metadata':
      writePartial(to, served, version)
      break
    case 'Object':
      to.bytes(served.json())
      break
  }
  to.text('}')
}

/** An object reduced to its metadata, as JSON. */
export function writePartial(
  to: JsonSink,
  served: Served,
  version: Representation['version'],
): void {
  to.text(`{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/${version}","metadata":`)
  served.writeMetadata(to)
  to.text('}')
}
