import { Node, Pod, type Taint } from '#api'
import { objectKey, splitKey } from '#client'
import { equalJson, hasReason } from '#machinery'
import { controller, type ControllerContext } from '../framework/controller.ts'
import { byNode, nodeOfPod } from '../pods/by-node.ts'
import { changedCondition, patchPodStatus } from '../pods/status-patch.ts'
import { toleratedMs } from './tolerance.ts'

/** A pod that will be evicted unless the taints go, or its tolerations change. */
interface Planned {
  readonly uid: string
  /** Elapsed time when the taints and the pod were first seen together. */
  readonly sinceMs: number
}

/**
 * Pods go from nodes whose NoExecute taints they do not tolerate, or tolerate for some time only.
 *
 * Differs from Kubernetes: the time follows the present taints and tolerations, where upstream keeps
 * to the first plan though a further taint is tolerated for less.
 */
export const taintEvictionController = controller({
  name: 'taint-eviction-controller',
  account: 'node-controller',
  setup(context) {
    const { clock } = context
    const planned = new Map<string, Planned>()
    const nodes = context.lister(Node)
    const concerns = (pod: Pod): boolean =>
      planned.has(objectKey(pod)) ||
      nodeOfPod(pod).some((name) => noExecuteTaints(nodes.get('', name)).length > 0)

    const pods = context.watch(Pod, (pod) => (concerns(pod) ? [objectKey(pod)] : []), {
      relevant: (pod, old) =>
        pod.spec.nodeName !== old.spec.nodeName ||
        pod.metadata.deletionTimestamp !== old.metadata.deletionTimestamp ||
        !equalJson(pod.spec.tolerations, old.spec.tolerations),
    })
    pods.addIndex(byNode, nodeOfPod)
    context.watch(
      Node,
      (node) => {
        if (noExecuteTaints(node).length === 0) return []
        return pods.lister.byIndex(byNode, node.metadata.name ?? '').map(objectKey)
      },
      { relevant: (node, old) => !equalJson(noExecuteTaints(node), noExecuteTaints(old)) },
    )

    const keep = (key: string) => {
      if (!planned.delete(key)) return
      record(context, key, `Cancelling deletion of Pod ${key}`)
    }

    return async (key) => {
      const pod = pods.lister.getByKey(key)
      if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) {
        planned.delete(key)
        return {}
      }
      const taints = noExecuteTaints(nodes.get('', pod.spec.nodeName ?? ''))
      const forMs =
        taints.length === 0 ? undefined : toleratedMs(taints, pod.spec.tolerations ?? [])
      if (forMs === undefined) {
        keep(key)
        return {}
      }
      const { uid = '' } = pod.metadata
      const before = planned.get(key)
      const sinceMs = before?.uid === uid ? before.sinceMs : clock.elapsed()
      const leftMs = sinceMs + forMs - clock.elapsed()
      planned.set(key, { uid, sinceMs })
      if (leftMs > 0) return { againAfterMs: leftMs }
      if (await evict(context, pod)) record(context, key, `Marking for deletion Pod ${key}`)
      planned.delete(key)
      return {}
    }
  },
})

function noExecuteTaints(node: Node | undefined): readonly Taint[] {
  return node?.spec.taints?.filter(({ effect }) => effect === 'NoExecute') ?? []
}

/** Says in the pod's status why it goes, then deletes it with its grace. False: it was gone. */
async function evict({ client, clock }: ControllerContext, pod: Pod): Promise<boolean> {
  const { namespace = '', name = '', uid } = pod.metadata
  const condition = changedCondition(
    pod,
    {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'DeletionByTaintManager',
      message: 'Taint manager: deleting due to NoExecute taint',
    },
    clock.now(),
  )
  try {
    if (condition !== undefined) await patchPodStatus(client, pod, { condition })
    await client.resource(Pod).namespace(namespace).delete(name, { preconditions: { uid } })
    return true
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error
    return false
  }
}

function record({ events }: Pick<ControllerContext, 'events'>, key: string, message: string): void {
  const about = { apiVersion: 'v1', kind: 'Pod', ...splitKey(key) }
  events.record(about, { type: 'Normal', reason: 'TaintManagerEviction', message })
}
