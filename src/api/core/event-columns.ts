import type { Whole } from '#machinery'
import { formatAge, nameColumn, type Columns } from '../columns.ts'
import type { EventSchema } from './event.ts'

type Event = Whole<typeof EventSchema>

export const eventColumns: Columns<typeof EventSchema> = [
  { name: 'Last Seen', value: (event, { nowMs }) => formatAge(lastSeen(event), nowMs) },
  { name: 'Type', value: (event) => event.type ?? '' },
  { name: 'Reason', value: (event) => event.reason ?? '' },
  { name: 'Object', value: (event) => objectText(event) },
  { name: 'Subobject', priority: 1, value: (event) => event.involvedObject.fieldPath ?? '' },
  { name: 'Source', priority: 1, value: (event) => sourceText(event) },
  { name: 'Message', value: (event) => (event.message ?? '').trim() },
  {
    name: 'First Seen',
    priority: 1,
    value: (event, { nowMs }) => formatAge(event.firstTimestamp ?? event.eventTime, nowMs),
  },
  { name: 'Count', priority: 1, value: (event) => event.series?.count ?? event.count ?? 1 },
  { ...nameColumn, priority: 1 },
]

function lastSeen(event: Event): string | null | undefined {
  if (event.series !== undefined) return event.series.lastObservedTime
  return event.lastTimestamp ?? event.firstTimestamp ?? event.eventTime
}

function objectText({ involvedObject: { kind = '', name = '' } }: Event): string {
  return name === '' ? kind.toLowerCase() : `${kind.toLowerCase()}/${name}`
}

function sourceText(event: Event): string {
  const component = event.source.component ?? event.reportingComponent
  const host = event.source.host ?? event.reportingInstance
  return [component, host].filter((part) => part !== '').join(', ')
}
