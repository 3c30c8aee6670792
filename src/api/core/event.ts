import {
  nameIsPathSegment,
  type SelectableField,
  type InputObjectOf,
  int32,
  microTime,
  type Whole,
  pointer,
  type ReadOf,
  resource,
  string,
  struct,
  time,
  value,
} from '#machinery'
import { eventColumns } from './event-columns.ts'
import { EventSource, ObjectReference } from './object-reference.ts'
import { eventFromEvents, eventToEvents } from '../events/conversion.ts'
import { EventsEventSchema } from '../events/event.ts'
import { validateEvent } from './event-validation.ts'

export const EventSchema = struct('io.k8s.api.core.v1.Event', () => ({
  involvedObject: value(ObjectReference, 2).required(),
  reason: string(3),
  message: string(4),
  source: value(EventSource, 5),
  firstTimestamp: time(6).orNull(),
  lastTimestamp: time(7).orNull(),
  count: int32(8),
  type: string(9),
  eventTime: microTime(10).orNull(),
  series: pointer(EventSeries, 11),
  action: string(12),
  related: pointer(ObjectReference, 13),
  reportingComponent: string(14).emit(),
  reportingInstance: string(15).emit(),
}))

export const EventSeries = struct('io.k8s.api.core.v1.EventSeries', () => ({
  count: int32(1),
  lastObservedTime: microTime(2).orNull(),
}))
export type EventSeries = ReadOf<typeof EventSeries>

const referenceFields = [
  'apiVersion',
  'fieldPath',
  'kind',
  'name',
  'namespace',
  'resourceVersion',
  'uid',
] as const

/** The object's reference is called `involvedObject` in v1 and `regarding` in events.k8s.io/v1. */
const eventFields: readonly SelectableField<typeof EventSchema>[] = [
  ...['involvedObject', 'regarding'].flatMap((name) =>
    referenceFields.map((part) => ({
      path: `${name}.${part}`,
      value: (event: Whole<typeof EventSchema>) => event.involvedObject[part] ?? '',
    })),
  ),
  { path: 'reason', value: (event) => event.reason ?? '' },
  { path: 'reportingComponent', value: (event) => event.reportingComponent },
  { path: 'reportingController', value: (event) => event.reportingComponent },
  { path: 'source', value: (event) => event.source.component ?? event.reportingComponent },
  { path: 'type', value: (event) => event.type ?? '' },
]

export const Event = resource({
  name: 'events',
  shortNames: ['ev'],
  namespaced: true,
  faces: [
    { group: '', version: 'v1', kind: 'Event', schema: EventSchema },
    {
      group: 'events.k8s.io',
      version: 'v1',
      kind: 'Event',
      schema: EventsEventSchema,
      toStorage: eventFromEvents,
      fromStorage: eventToEvents,
    },
  ],
  history: 'short',
  createOnUpdate: true,
  validateName: nameIsPathSegment,
  columns: eventColumns,
  selectableFields: eventFields,
  validate: validateEvent,
})
export type Event = Whole<typeof EventSchema>
export type EventInput = InputObjectOf<typeof Event>
