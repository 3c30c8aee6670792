import { asError } from '#base'
import { hasReason } from '#machinery'
import type { AttemptServices } from './attempt.ts'
import { qualifiedName, type PodInfo } from './pod-info.ts'

/** What is to be done so that a pod gets its node. */
export interface Preempting {
  readonly pod: PodInfo
  /** It is nominated to it. */
  readonly nodeName: string
  readonly victims: readonly PodInfo[]
}

type Services = Pick<AttemptServices, 'calls' | 'clock' | 'log' | 'queue' | 'recorders' | 'writer'>

/** Evictions under way: the API server is told in the background, all victims at once. */
export class Preemption {
  readonly #underWay = new Set<string>()

  isUnderWay(uid: string): boolean {
    return this.#underWay.has(uid)
  }

  /**
   * Has the victims deleted, with their own grace, and pods of lower priority look for another node
   * that were nominated to this one. When a victim cannot be deleted, the pod is tried again.
   */
  start(services: Services, preempting: Preempting): void {
    const { pod, nodeName, victims } = preempting
    const { nominator } = services.queue
    const lower = nominator.on(nodeName).filter((other) => isLess(other, pod))
    for (const { uid } of lower) nominator.delete(uid)
    for (const { uid } of victims) this.#underWay.add(uid)
    services.calls.start(async () => {
      const [outcomes] = await Promise.all([
        Promise.all(victims.map((victim) => evict(services, victim, preempting))),
        ...lower.map((other) => denominate(services, other)),
      ])
      for (const { uid } of victims) this.#underWay.delete(uid)
      if (outcomes.includes('failed')) services.queue.retry(pod.uid, services.clock.elapsed())
    })
  }
}

function isLess(a: PodInfo, b: PodInfo): boolean {
  return a.shape.priority < b.shape.priority
}

async function evict(
  { writer, recorders, log }: Services,
  victim: PodInfo,
  { pod, nodeName }: Preempting,
): Promise<'evicted' | 'failed'> {
  try {
    await writer.preempt(victim)
  } catch (error) {
    // Gone, or replaced by another of the same name: there is room.
    if (hasReason(error, 'NotFound') || hasReason(error, 'Conflict')) return 'evicted'
    log.warn('a pod could not be preempted', {
      pod: qualifiedName(victim),
      error: asError(error).message,
    })
    return 'failed'
  }
  recorders.get(pod.pod.spec.schedulerName)?.record(victim.pod, {
    type: 'Normal',
    reason: 'Preempted',
    action: 'Preempting',
    message: `Preempted by pod ${pod.uid} on node ${nodeName}`,
    related: pod.pod,
  })
  return 'evicted'
}

async function denominate({ writer, log }: Services, pod: PodInfo): Promise<void> {
  try {
    await writer.denominate(pod)
  } catch (error) {
    if (hasReason(error, 'NotFound') || hasReason(error, 'Conflict')) return
    log.warn('the nomination of a pod could not be taken back', {
      pod: qualifiedName(pod),
      error: asError(error).message,
    })
  }
}
