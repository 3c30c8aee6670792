import type { KubeObject } from '#machinery'

/**
 * Tells users what a component did about an object, and why (`kubectl describe`, `kubectl get
 * events`). Never waits, never fails its caller: what cannot be delivered is dropped and counted.
 * The same again becomes a count on one event, much that is similar becomes one combined event,
 * and a flood about one object is dropped, with upstream's limits.
 */
export interface EventRecorder {
  record(about: EventTarget, event: RecordedEvent): void
}

export interface RecordedEvent {
  readonly type: 'Normal' | 'Warning'
  /** Why, in CamelCase, such as FailedScheduling. */
  readonly reason: string
  /** For people. */
  readonly message: string
  /** What was done, in CamelCase, such as Binding; events.k8s.io asks for it. The reason by default. */
  readonly action?: string | undefined
  /** Another object it is about: the pod that was preempted. */
  readonly related?: EventTarget | undefined
  readonly annotations?: Readonly<Record<string, string>> | undefined
}

/** An object, or a reference to one or to a part of it. */
export type EventTarget = KubeObject | EventReference

/** core/v1 ObjectReference. */
export interface EventReference {
  readonly apiVersion?: string | undefined
  readonly kind?: string | undefined
  readonly namespace?: string | undefined
  readonly name?: string | undefined
  readonly uid?: string | undefined
  readonly resourceVersion?: string | undefined
  /** Such as spec.containers{web}. */
  readonly fieldPath?: string | undefined
}

/** A reference to the object as events carry it, or to a part of it. */
export function referenceTo(target: EventTarget, fieldPath?: string): EventReference {
  const reference = 'metadata' in target ? referenceOf(target) : target
  return fieldPath === undefined ? reference : { ...reference, fieldPath }
}

function referenceOf({ apiVersion, kind, metadata }: KubeObject): EventReference {
  const { namespace, name, uid, resourceVersion } = metadata
  return { apiVersion, kind, namespace, name, uid, resourceVersion }
}
