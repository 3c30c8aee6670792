import { Pod } from '#api'
import { formatTime, type Clock } from '#base'
import type { Client } from '#client'
import type { PodInfo } from './pod-info.ts'

/** What the scheduler writes to the API about a pod. */
export class PodWriter {
  readonly #client: Client
  readonly #clock: Clock

  constructor(client: Client, clock: Clock) {
    this.#client = client
    this.#clock = clock
  }

  /** Gives the pod its node; refused with reason Conflict where it has one or is going away. */
  async bind({ namespace, name, uid }: PodInfo, nodeName: string): Promise<void> {
    await this.#pods(namespace)
      .subresource('binding')
      .create(name, {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { namespace, name, uid },
        target: { kind: 'Node', name: nodeName },
      })
  }

  /** Where the pod is now, by the API server itself. Rejects with NotFound where it is gone. */
  read(namespace: string, name: string): Promise<Pod> {
    return this.#pods(namespace).get(name)
  }

  /**
   * Writes the condition PodScheduled=False and the nomination, where either is news. The uid goes
   * along, lest another pod of the same name be told.
   */
  async unscheduled(pod: PodInfo, why: Unscheduled): Promise<void> {
    const { metadata, status } = pod.pod
    const before = status.conditions?.find(({ type }) => type === 'PodScheduled')
    const same =
      before?.status === 'False' && before.reason === why.reason && before.message === why.message
    const nominated = why.nominatedNodeName ?? status.nominatedNodeName ?? ''
    const nomination =
      nominated === (status.nominatedNodeName ?? '') ? {} : { nominatedNodeName: nominated || null }
    if (same && Object.keys(nomination).length === 0) return
    const now = formatTime(this.#clock.now())
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      reason: why.reason,
      message: why.message,
      lastProbeTime: null,
      lastTransitionTime: before?.status === 'False' ? (before.lastTransitionTime ?? now) : now,
      ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
    }
    const patch = {
      metadata: { uid: pod.uid },
      status: { conditions: [condition], ...nomination },
    }
    await this.#pods(pod.namespace)
      .subresource('status')
      .patch(pod.name, { type: 'strategic', patch })
  }

  /** Tells the pod why, and that it is to end, with its own grace. One that is ending is left alone. */
  async preempt({ pod, namespace, name, uid }: PodInfo): Promise<void> {
    if (pod.metadata.deletionTimestamp !== undefined) return
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'PreemptionByScheduler',
      message: `${pod.spec.schedulerName}: preempting to accommodate a higher priority pod`,
      lastTransitionTime: formatTime(this.#clock.now()),
    }
    const patch = { metadata: { uid }, status: { conditions: [condition] } }
    await this.#pods(namespace).subresource('status').patch(name, { type: 'strategic', patch })
    await this.#pods(namespace).delete(name, { preconditions: { uid } })
  }

  /** The pod is no longer nominated to a node. */
  async denominate({ namespace, name, uid }: PodInfo): Promise<void> {
    const patch = { metadata: { uid }, status: { nominatedNodeName: null } }
    await this.#pods(namespace).subresource('status').patch(name, { type: 'merge', patch })
  }

  #pods(namespace: string) {
    return this.#client.resource(Pod).namespace(namespace)
  }
}

export interface Unscheduled {
  readonly reason: 'SchedulerError' | 'Unschedulable'
  readonly message: string
  /** Empty: no longer nominated; undefined: as it is. */
  readonly nominatedNodeName: string | undefined
}
