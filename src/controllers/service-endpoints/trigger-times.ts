import type { Pod, Service } from '#api'
import { formatTime, parseTime } from '#base'
import { podCondition } from '../pods/pod-state.ts'

/** When what led to the present endpoints happened, for measuring how long they took. */
export const triggerTimeAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time'

/** The times that were seen of each service and its pods. */
export class TriggerTimes {
  readonly #seen = new Map<string, Seen>()

  /**
   * The earliest of the changes since the last time, as metav1.Time; undefined where nothing tells
   * when it changed.
   */
  next(key: string, service: Service, pods: readonly Pod[]): string | undefined {
    const before = this.#seen.get(key)
    const createdAt = parseTime(service.metadata.creationTimestamp ?? '') ?? 0
    const readyAt = new Map<string, number>()
    let earliest = Infinity
    for (const pod of pods) {
      const { name = '' } = pod.metadata
      const at = parseTime(podCondition(pod, 'Ready')?.lastTransitionTime ?? '')
      if (at === undefined) continue
      readyAt.set(name, at)
      if (at > (before?.readyAt.get(name) ?? 0)) earliest = Math.min(earliest, at)
    }
    if (createdAt > (before?.createdAt ?? 0)) earliest = Math.min(earliest, createdAt)
    this.#seen.set(key, { createdAt, readyAt })
    return earliest === Infinity ? undefined : formatTime(earliest)
  }

  forget(key: string): void {
    this.#seen.delete(key)
  }
}

interface Seen {
  readonly createdAt: number
  readonly readyAt: ReadonlyMap<string, number>
}
