import { Job } from '#api'
import { parseTime } from '#base'
import { objectKey, splitKey } from '#client'
import { hasReason } from '#machinery'
import { controller } from '../framework/controller.ts'

/** Finished Jobs are deleted, with their pods, ttlSecondsAfterFinished after they finished. */
export const ttlAfterFinishedController = controller({
  name: 'ttl-after-finished-controller',
  account: 'ttl-after-finished-controller',
  setup(context) {
    const { client, clock } = context
    const jobs = context.watch(Job, (job) =>
      expiresAtMs(job) === undefined ? [] : [objectKey(job)],
    )
    return async (key) => {
      const job = jobs.lister.getByKey(key)
      const leftMs = job === undefined ? undefined : remainingMs(job, clock.now())
      if (leftMs === undefined || leftMs > 0) return { againAfterMs: leftMs }
      // The informer may lag behind a change of the TTL, and a deletion is for ever.
      const { namespace, name } = splitKey(key)
      const ofNamespace = client.resource(Job).namespace(namespace)
      try {
        const fresh = await ofNamespace.get(name)
        const freshMs = remainingMs(fresh, clock.now())
        if (freshMs === undefined || freshMs > 0) return { againAfterMs: freshMs }
        const { uid } = fresh.metadata
        await ofNamespace.delete(name, {
          propagationPolicy: 'Foreground',
          preconditions: { uid },
        })
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error
      }
      return {}
    }
  },
})

function remainingMs(job: Job, nowMs: number): number | undefined {
  const at = expiresAtMs(job)
  return at === undefined ? undefined : Math.max(0, at - nowMs)
}

/** Wall time; undefined for a Job that stays, runs still, or is being deleted. */
export function expiresAtMs({ metadata, spec, status }: Job): number | undefined {
  const { ttlSecondsAfterFinished } = spec
  if (ttlSecondsAfterFinished === undefined || metadata.deletionTimestamp !== undefined) {
    return undefined
  }
  const finished = status.conditions?.find(
    (condition) =>
      (condition.type === 'Complete' || condition.type === 'Failed') && condition.status === 'True',
  )
  const at = parseTime(finished?.lastTransitionTime ?? '')
  return at === undefined ? undefined : at + ttlSecondsAfterFinished * 1000
}
