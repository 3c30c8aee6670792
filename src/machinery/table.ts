import { parseTime } from '#base'
import type { RowCondition } from './resource.ts'

/** `meta.k8s.io/v1` Table: how the server prints lists for people. */
export interface Table {
  readonly kind: 'Table'
  readonly apiVersion: 'meta.k8s.io/v1'
  readonly metadata: {
    readonly resourceVersion?: string
    readonly continue?: string
    readonly remainingItemCount?: number
  }
  readonly columnDefinitions: readonly TableColumnDefinition[]
  readonly rows: readonly TableRow[]
}

export interface TableColumnDefinition {
  readonly name: string
  /** An OpenAPI type: string, integer, number, boolean, or date. */
  readonly type: string
  /** An OpenAPI format; `name` marks the identifying column. */
  readonly format: string
  readonly description: string
  /** 0 is always shown, higher ones only where there is room. */
  readonly priority: number
}

export interface TableRow {
  /** One for each column. */
  readonly cells: readonly TableCell[]
  readonly conditions?: readonly RowCondition[]
  /** The object, its metadata or nothing, as `includeObject` asked. */
  readonly object?: unknown
}

export type TableCell = string | number | boolean | null

/** The column most kinds end with. */
export const ageColumn = {
  name: 'Age',
  type: 'string',
  format: '',
  description: 'Time since the object was created, by the clock of the server.',
  priority: 0,
  value(object: WithCreation, context: { readonly nowMs: number }): string {
    return age(object.metadata.creationTimestamp, context.nowMs)
  },
} as const

interface WithCreation {
  readonly metadata: { readonly creationTimestamp?: string | undefined }
}

/** How long ago that was, for a cell. */
export function age(timestamp: string | undefined, nowMs: number): string {
  const at = timestamp === undefined ? undefined : parseTime(timestamp)
  return at === undefined ? '<unknown>' : humanDuration(nowMs - at)
}

const secondMs = 1000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs

/**
 * Two or three significant figures of a duration, as people read ages: `5s`, `2m3s`, `3h`, `5d2h`,
 * `2y30d`. Two seconds into the future pass as now, for clocks differ.
 */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / secondMs)
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.floor(ms / minuteMs)
  if (minutes < 10) return two(minutes, 'm', seconds % 60, 's')
  if (minutes < 180) return `${minutes}m`
  const hours = Math.floor(ms / hourMs)
  if (hours < 8) return two(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  const days = Math.floor(hours / 24)
  if (days < 8) return two(days, 'd', hours % 24, 'h')
  if (days < 730) return `${days}d`
  const years = Math.floor(days / 365)
  return years < 8 ? two(years, 'y', days % 365, 'd') : `${years}y`
}

function two(large: number, unit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${unit}` : `${large}${unit}${small}${smallUnit}`
}
