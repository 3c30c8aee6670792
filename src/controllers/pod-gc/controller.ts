import { Slice, asError } from '#base'
import { Node, Pod } from '#api'
import { hasReason } from '#machinery'
import { controller, type Controller, type ControllerContext } from '../framework/controller.ts'
import type { ControllerOptions } from '../options.ts'
import { isPodTerminal } from '../pods/pod-state.ts'
import { changedCondition, patchPodStatus } from '../pods/status-patch.ts'
import { excessTerminated, garbageReason, isCollected, type Reason } from './garbage.ts'

const periodMs = 20_000
/** So long a node may be unknown before its pods are orphans: the informers may disagree. */
const quarantineMs = 40_000
/** Upstream's --terminated-pod-gc-threshold. */
const terminatedPodsMax = 12_500

/** Deletes pods for which nobody else does it: there is no kubelet to, or no one who cares. */
export function podGarbageCollector(options: ControllerOptions): Controller {
  const max = options.terminatedPodsMax ?? terminatedPodsMax
  return controller({
    name: 'pod-garbage-collector-controller',
    account: 'pod-garbage-collector',
    setup(context) {
      const { clock, queue } = context
      const pods = context.lister(Pod)
      const nodes = context.lister(Node)
      /** Since when nodes are missing that pods are on; elapsed time. */
      let missing: ReadonlyMap<string, number> = new Map()
      queue.add('all')

      const look = async () => {
        const found: { readonly pod: Pod; readonly reason: Reason }[] = []
        const terminated: Pod[] = []
        const stillMissing = new Map<string, number>()
        const slice = new Slice(clock)
        for (const pod of pods.list()) {
          if (slice.spent) await slice.breathe()
          if (isPodTerminal(pod) && !isCollected(pod)) terminated.push(pod)
          const { nodeName = '' } = pod.spec
          const reason = garbageReason(pod, nodes.get('', nodeName))
          if (reason === undefined) continue
          if (reason === 'orphaned') {
            const sinceMs = missing.get(nodeName) ?? clock.elapsed()
            stillMissing.set(nodeName, sinceMs)
            if (clock.elapsed() - sinceMs < quarantineMs) continue
          }
          found.push({ pod, reason })
        }
        missing = stillMissing
        for (const pod of excessTerminated(terminated, max)) {
          found.push({ pod, reason: 'terminated' })
        }
        return found
      }

      return async () => {
        const absent = new Map<string, Promise<boolean>>()
        const isAbsent = (name: string) => {
          const known = absent.get(name) ?? isNodeAbsent(context, name)
          absent.set(name, known)
          return known
        }
        for (const { pod, reason } of await look()) {
          if (reason === 'orphaned' && !(await isAbsent(pod.spec.nodeName ?? ''))) continue
          await collect(context, pod, reason)
        }
        return { againAfterMs: periodMs }
      }
    },
  })
}

/** Asks the server, as a pod is deleted for ever. */
async function isNodeAbsent({ client, log }: ControllerContext, name: string): Promise<boolean> {
  try {
    await client.resource(Node).get(name)
    return false
  } catch (error) {
    if (hasReason(error, 'NotFound')) return true
    log.warn('a node could not be looked up', { node: name, error: asError(error) })
    return false
  }
}

/** A failure is for the next look. */
async function collect(context: ControllerContext, pod: Pod, reason: Reason): Promise<void> {
  const { client, clock, log } = context
  const { namespace = '', name = '', uid } = pod.metadata
  log.info('pod is garbage', { pod: `${namespace}/${name}`, reason })
  try {
    // Whoever counts on the pod shall see that it does not run, also while finalizers keep it.
    if (!isPodTerminal(pod)) {
      const condition =
        reason === 'orphaned' ? changedCondition(pod, orphaned, clock.now()) : undefined
      await patchPodStatus(client, pod, { phase: 'Failed', condition })
    }
    await client
      .resource(Pod)
      .namespace(namespace)
      .delete(name, { gracePeriodSeconds: 0, preconditions: { uid } })
  } catch (error) {
    if (hasReason(error, 'NotFound') || hasReason(error, 'Conflict')) return
    log.warn('garbage was not collected', { pod: `${namespace}/${name}`, error: asError(error) })
  }
}

const orphaned = {
  type: 'DisruptionTarget',
  status: 'True',
  reason: 'DeletionByPodGC',
  message: 'PodGC: node no longer exists',
} as const
