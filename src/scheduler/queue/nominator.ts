import type { PodInfo } from '../pod-info.ts'

const none: readonly PodInfo[] = []

/** Pods that wait for room being made on a node, by that node; until they are bound or gone. */
export class Nominator {
  readonly #nodeOf = new Map<string, string>()
  readonly #podsOn = new Map<string, PodInfo[]>()

  on(nodeName: string): readonly PodInfo[] {
    if (this.#podsOn.size === 0) return none
    return this.#podsOn.get(nodeName) ?? none
  }

  /** Where room is being made for the pod; empty: nowhere. */
  nodeOf(uid: string): string {
    return this.#nodeOf.get(uid) ?? ''
  }

  /** By the pod's status, or where its status is not written yet, by `nodeName`. */
  set(pod: PodInfo, nodeName = pod.pod.status.nominatedNodeName ?? ''): void {
    this.delete(pod.uid)
    if (nodeName === '') return
    this.#nodeOf.set(pod.uid, nodeName)
    const pods = this.#podsOn.get(nodeName)
    if (pods === undefined) this.#podsOn.set(nodeName, [pod])
    else pods.push(pod)
  }

  delete(uid: string): void {
    const nodeName = this.#nodeOf.get(uid)
    if (nodeName === undefined) return
    this.#nodeOf.delete(uid)
    const left = (this.#podsOn.get(nodeName) ?? []).filter((pod) => pod.uid !== uid)
    if (left.length === 0) this.#podsOn.delete(nodeName)
    else this.#podsOn.set(nodeName, left)
  }
}
