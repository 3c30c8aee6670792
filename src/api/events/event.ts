import { int32, microTime, pointer, type ReadOf, string, struct, time, value } from '#machinery'
import { EventSource, ObjectReference } from '../core/object-reference.ts'

export const EventsEventSchema = struct('io.k8s.api.events.v1.Event', () => ({
  eventTime: microTime(2).orNull().required(),
  series: pointer(EventsEventSeries, 3),
  reportingController: string(4),
  reportingInstance: string(5),
  action: string(6),
  reason: string(7),
  regarding: value(ObjectReference, 8),
  related: pointer(ObjectReference, 9),
  note: string(10),
  type: string(11),
  deprecatedSource: value(EventSource, 12),
  deprecatedFirstTimestamp: time(13).orNull(),
  deprecatedLastTimestamp: time(14).orNull(),
  deprecatedCount: int32(15),
}))

export const EventsEventSeries = struct('io.k8s.api.events.v1.EventSeries', () => ({
  count: int32(1).emit().required(),
  lastObservedTime: microTime(2).orNull().required(),
}))
export type EventsEventSeries = ReadOf<typeof EventsEventSeries>
