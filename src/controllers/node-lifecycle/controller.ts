import { Lease, Node, Pod } from '#api'
import { objectKey } from '#client'
import { hasReason } from '#machinery'
import { controller, type Controller, type ControllerContext } from '../framework/controller.ts'
import { changeTaints } from '../nodes/taints.ts'
import type { ControllerOptions } from '../options.ts'
import { byNode, nodeOfPod } from '../pods/by-node.ts'
import { isPodReady } from '../pods/pod-state.ts'
import { changedCondition, patchPodStatus } from '../pods/status-patch.ts'
import { labelChange } from './labels.ts'
import { NodeMonitor } from './monitor.ts'
import { noScheduleChange } from './no-schedule.ts'
import { nodeLifecycleDefaults } from './options.ts'

const monitorKey = 'monitor'
const nodePrefix = 'node/'
const podPrefix = 'pod/'
const zonePrefix = 'zone/'

/**
 * Nodes whose lease and status are renewed no more are Unknown; the taints of each node say what
 * its conditions are; the pods of those that are not ready are evicted, zone by zone, slowly. (The
 * taint-eviction-controller evicts them, by the NoExecute taints made here.)
 */
export function nodeLifecycleController(options: ControllerOptions): Controller {
  const settings = { ...nodeLifecycleDefaults, ...options.nodeLifecycle }
  return controller({
    name: 'node-lifecycle-controller',
    account: 'node-controller',
    component: 'node-controller',
    setup(context) {
      const { client, queue } = context
      const nodes = context.watch(Node, ({ metadata }) => [nodePrefix + (metadata.name ?? '')])
      const leases = context.watch(Lease, () => [], { namespace: 'kube-node-lease' })
      const monitor: NodeMonitor = new NodeMonitor(
        {
          ...context,
          nodes: nodes.lister,
          leases: leases.lister,
          podsNotReady(name) {
            for (const pod of pods.lister.byIndex(byNode, name)) {
              if (isPodReady(pod)) queue.add(podPrefix + objectKey(pod))
            }
          },
          evict: (zone) => queue.add(zonePrefix + zone),
        },
        settings,
      )
      const pods = context.watch(
        Pod,
        (pod) => {
          // One that is put on a node that is not ready cannot be.
          const misplaced = nodeOfPod(pod).some((name) => monitor.isKnownUnready(name))
          return misplaced && isPodReady(pod) ? [podPrefix + objectKey(pod)] : []
        },
        { relevant: (pod, old) => pod.spec.nodeName !== old.spec.nodeName },
      )
      pods.addIndex(byNode, nodeOfPod)
      queue.add(monitorKey)

      const reconcileNode = async (name: string) => {
        const node = nodes.lister.get('', name)
        if (node === undefined) return
        const labels = labelChange(node)
        if (labels !== undefined) {
          const patch = { metadata: { labels } }
          await client.resource(Node).patch(name, { type: 'merge', patch })
        }
        const change = noScheduleChange(node)
        if (change.add.length === 0 && change.remove.length === 0) return
        await changeTaints(context, node, change)
      }

      return async (key) => {
        if (key === monitorKey) {
          await monitor.look()
          return { againAfterMs: settings.monitorPeriodMs }
        }
        if (key.startsWith(zonePrefix)) {
          return { againAfterMs: await monitor.taintNext(key.slice(zonePrefix.length)) }
        }
        if (key.startsWith(podPrefix)) {
          const pod = pods.lister.getByKey(key.slice(podPrefix.length))
          const lost = pod !== undefined && monitor.isKnownUnready(pod.spec.nodeName ?? '')
          if (lost) await markNotReady(context, pod)
        } else await ignoringAbsent(reconcileNode(key.slice(nodePrefix.length)))
        return {}
      }
    },
  })
}

async function markNotReady({ client, clock, events }: ControllerContext, pod: Pod): Promise<void> {
  if (!isPodReady(pod)) return
  const ready = pod.status.conditions?.find(({ type }) => type === 'Ready')
  const { reason, message } = ready ?? {}
  const change = {
    type: 'Ready',
    status: 'False' as const,
    ...(reason !== undefined && { reason }),
    ...(message !== undefined && { message }),
  }
  const condition = changedCondition(pod, change, clock.now())
  try {
    await patchPodStatus(client, pod, { condition })
  } catch (error) {
    // Gone, or another one by that name.
    if (hasReason(error, 'NotFound') || hasReason(error, 'Conflict')) return
    throw error
  }
  events.record(pod, { type: 'Warning', reason: 'NodeNotReady', message: 'Node is not ready' })
}

async function ignoringAbsent(work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error
  }
}
