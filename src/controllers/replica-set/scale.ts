import type { Pod } from '#api'
import { asError } from '#base'
import type { Expectations } from '../framework/expectations.ts'
import { isNamespaceTerminating } from '../framework/namespace-terminating.ts'
import { slowStart } from '../framework/slow-start.ts'
import { podsToDelete, type DeletionOrder } from '../pods/deletion-order.ts'
import { podFromTemplate, type PodControl } from '../pods/pod-control.ts'
import type { Replicas } from './replicas.ts'

/** Pods created or deleted in one go; what is left follows when these were seen. */
const burstReplicas = 500

export interface Scaling {
  readonly key: string
  readonly replicas: Replicas
  readonly active: readonly Pod[]
  readonly order: DeletionOrder
  readonly pods: PodControl
  readonly expectations: Expectations
}

/** Creates what is missing or deletes what is too much. Resolves with why not, if so. */
export function scale(scaling: Scaling): Promise<Error | undefined> {
  const excess = scaling.active.length - scaling.replicas.wanted
  if (excess === 0) return Promise.resolve(undefined)
  const count = Math.min(Math.abs(excess), burstReplicas)
  return excess < 0 ? createPods(scaling, count) : deletePods(scaling, count)
}

async function createPods(scaling: Scaling, count: number): Promise<Error | undefined> {
  const { key, replicas, pods, expectations } = scaling
  const pod = podFromTemplate(replicas.owner, replicas.template)
  expectations.expectCreations(key, count)
  const { attempts, error } = await slowStart(count, async () => {
    try {
      await pods.create(replicas.owner, pod)
    } catch (failure) {
      // Then every creation fails until the owner goes, too: there is nothing to try again.
      if (isNamespaceTerminating(failure)) return
      expectations.creationObserved(key)
      throw failure
    }
  })
  for (let skipped = attempts; skipped < count; skipped++) expectations.creationObserved(key)
  return error
}

async function deletePods(scaling: Scaling, count: number): Promise<Error | undefined> {
  const { key, replicas, active, order, pods, expectations } = scaling
  const victims = podsToDelete(active, count, order)
  const uidOf = ({ metadata }: Pod) => metadata.uid ?? ''
  expectations.expectDeletions(key, victims.map(uidOf))
  const results = await Promise.allSettled(
    victims.map(async (pod) => {
      let deleted = false
      try {
        deleted = await pods.delete(replicas.owner, pod)
      } finally {
        if (!deleted) expectations.deletionObserved(key, uidOf(pod))
      }
    }),
  )
  const failure = results.find((result) => result.status === 'rejected')
  return failure === undefined ? undefined : asError(failure.reason)
}
