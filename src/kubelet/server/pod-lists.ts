import { formatTime } from '#base'
import type { ServedNode } from './served-node.ts'

/** The pods that are bound to the node. */
export function podList(node: ServedNode): object {
  const items = node.pods().map((pod) => ({ ...pod, status: node.statusOf(pod) }))
  return { kind: 'PodList', apiVersion: 'v1', metadata: {}, items }
}

/** The pods of which something runs, as the runtime knows them. */
export async function runningPodList({ runtime }: ServedNode): Promise<object> {
  const [sandboxes, containers] = await Promise.all([runtime.sandboxes(), runtime.containers()])
  const running = containers.filter(({ state }) => state === 'running')
  const items = await Promise.all(
    sandboxes
      .filter(({ ready }) => ready)
      .map(async ({ podUid, podName, podNamespace, createdAtMs }) => {
        const own = running.filter((each) => each.podUid === podUid)
        const statuses = await Promise.all(
          own.map(({ id }) => runtime.containerStatus(id).catch(() => undefined)),
        )
        return {
          metadata: {
            name: podName,
            namespace: podNamespace,
            uid: podUid,
            creationTimestamp: formatTime(createdAtMs),
          },
          spec: {
            containers: statuses
              .filter((status) => status !== undefined)
              .map(({ name, image }) => ({ name, image, resources: {} })),
          },
          status: {},
        }
      }),
  )
  return { kind: 'PodList', apiVersion: 'v1', metadata: {}, items }
}
