import type { Node, Pod } from '#api'
import type { ClusterEvent } from './framework/cluster-event.ts'
import { nodeEvents, otherwiseDifferent } from './node-events.ts'
import type { NodeTable } from './node-table/node-table.ts'
import { isActive, type PodInfo, type PodInfos } from './pod-info.ts'
import { podEvents } from './pod-events.ts'
import type { SchedulingQueue } from './queue/scheduling-queue.ts'

/**
 * Brings what the API tells of pods and nodes into the queue and the node table, and what happens
 * there to the pods that wait for it. Pure: the time comes with each call.
 *
 * A pod is one of three things: waiting (in the queue, or assumed while it is being bound), on a
 * node, or none of the scheduler's business: ended, or another scheduler's.
 */
export class ClusterState {
  readonly #table: NodeTable
  readonly #queue: SchedulingQueue
  readonly #infos: PodInfos
  readonly #isOurs: (pod: Pod) => boolean

  constructor(
    table: NodeTable,
    queue: SchedulingQueue,
    infos: PodInfos,
    isOurs: (pod: Pod) => boolean,
  ) {
    this.#table = table
    this.#queue = queue
    this.#infos = infos
    this.#isOurs = isOurs
  }

  podAdded(pod: Pod, nowMs: number): void {
    const nodeName = pod.spec.nodeName ?? ''
    if (!isActive(pod)) return
    if (nodeName !== '') this.#assigned(this.#infos.of(pod), nodeName, nowMs)
    else if (this.#isOurs(pod)) this.#waiting(this.#infos.of(pod), nowMs, [])
  }

  podUpdated(pod: Pod, old: Pod, nowMs: number): void {
    if (!isActive(pod)) {
      if (isActive(old)) this.podDeleted(old, nowMs)
      return
    }
    const nodeName = pod.spec.nodeName ?? ''
    const had = old.spec.nodeName ?? ''
    if (nodeName === '') {
      if (!this.#isOurs(pod)) return
      const [before, after] = [this.#infos.of(old), this.#infos.of(pod)]
      this.#waiting(after, nowMs, podEvents('TargetPod', before, after))
    } else if (had === '') {
      this.#assigned(this.#infos.of(pod), nodeName, nowMs)
    } else {
      const [before, after] = [this.#infos.of(old), this.#infos.of(pod)]
      this.#table.setPod(after, nodeName)
      this.#moveAll(podEvents('AssignedPod', before, after), nowMs)
    }
  }

  podDeleted(pod: Pod, nowMs: number): void {
    const before = this.#infos.of(pod)
    this.#queue.delete(before.uid)
    // Also a pod that was seen without a node may have one here: it was assumed.
    if (!this.#table.has(before.uid)) return
    this.#table.removePod(before.uid)
    this.released(before, nowMs)
  }

  /** A pod has left its node, or never got there. */
  released(before: PodInfo, nowMs: number): void {
    this.#queue.move({ resource: 'AssignedPod', action: 'Delete', before, after: undefined }, nowMs)
  }

  nodeAdded(node: Node, nowMs: number): void {
    this.#table.setNode(node)
    this.#queue.move({ resource: 'Node', action: 'Add', before: undefined, after: node }, nowMs)
  }

  nodeUpdated(node: Node, old: Node, nowMs: number): void {
    const events = nodeEvents(old, node)
    // A sign of life alone leaves the table, and what was worked out from it, as they are.
    if (events.length > 0 || otherwiseDifferent(old, node)) this.#table.setNode(node)
    this.#moveAll(events, nowMs)
  }

  nodeDeleted(node: Node, nowMs: number): void {
    this.#table.removeNode(node.metadata.name ?? '')
    this.#queue.move({ resource: 'Node', action: 'Delete', before: node, after: node }, nowMs)
  }

  #waiting(pod: PodInfo, nowMs: number, events: readonly ClusterEvent[]): void {
    if (this.#table.isAssumed(pod.uid)) return
    if (this.#queue.get(pod.uid) !== undefined) this.#queue.update(pod, nowMs, events)
    else if (pod.pod.metadata.deletionTimestamp === undefined) this.#queue.add(pod, nowMs)
  }

  #assigned(pod: PodInfo, nodeName: string, nowMs: number): void {
    this.#queue.delete(pod.uid)
    this.#table.setPod(pod, nodeName)
    this.#queue.move(
      { resource: 'AssignedPod', action: 'Add', before: undefined, after: pod },
      nowMs,
    )
  }

  #moveAll(events: readonly ClusterEvent[], nowMs: number): void {
    for (const event of events) this.#queue.move(event, nowMs)
  }
}
