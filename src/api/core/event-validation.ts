import {
  field,
  FieldPath,
  isDNS1123Subdomain,
  isQualifiedName,
  type FieldError,
  type Whole,
} from '#machinery'
import { problems } from '../validation.ts'
import type { EventSchema } from './event.ts'

type Event = Whole<typeof EventSchema>

/**
 * What both versions ask of an event. One with `eventTime` is of the new kind, whose parts are
 * complete; an older one only has to be where its object is.
 */
export function validateEvent(event: Event): readonly FieldError[] {
  const { namespace = '' } = event.metadata
  return [
    ...(event.eventTime === null ? validateOld(event) : validateNew(event)),
    ...problems(FieldPath.root('namespace'), namespace, isDNS1123Subdomain(namespace)),
  ]
}

function validateOld({ metadata, involvedObject }: Event): readonly FieldError[] {
  // Clients of old put events about objects without a namespace into `default`.
  const { namespace = '' } = involvedObject
  const same = metadata.namespace === (namespace === '' ? 'default' : namespace)
  return same ? [] : [elsewhere(namespace)]
}

function validateNew(event: Event): readonly FieldError[] {
  const { involvedObject, metadata, reportingComponent, message = '' } = event
  const outside = ['default', 'kube-system'].includes(metadata.namespace ?? '')
  const path = FieldPath.root('reportingComponent')
  return [
    ...((involvedObject.namespace ?? '') === '' && !outside ? [elsewhere('')] : []),
    ...(reportingComponent === '' ? [field.required(path)] : []),
    ...problems(path, reportingComponent, isQualifiedName(reportingComponent)),
    ...shortText('reportingInstance', event.reportingInstance),
    ...shortText('action', event.action ?? ''),
    ...shortText('reason', event.reason ?? ''),
    ...notLonger('message', message, messageMaxBytes),
  ]
}

function elsewhere(namespace: string): FieldError {
  const path = FieldPath.root('involvedObject', 'namespace')
  return field.invalid(path, namespace, 'does not match event.namespace')
}

const textMaxBytes = 128
const messageMaxBytes = 1024

function shortText(name: string, value: string): readonly FieldError[] {
  if (value === '') return [field.required(FieldPath.root(name))]
  return notLonger(name, value, textMaxBytes)
}

function notLonger(name: string, value: string, max: number): readonly FieldError[] {
  if (Buffer.byteLength(value) <= max) return []
  return [field.invalid(FieldPath.root(name), '', `can have at most ${max} characters`)]
}
