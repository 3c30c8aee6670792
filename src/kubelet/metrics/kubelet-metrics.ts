import { processMetrics } from '#base'
import { kubeletVersion } from '../node/node-object.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { exposition } from './exposition.ts'

/** The kubelet's own metrics, under upstream's names, after those of its process. */
export async function kubeletMetrics(nodeName: string, runtime: Runtime): Promise<string> {
  const [process, sandboxes, containers] = await Promise.all([
    processMetrics(),
    runtime.sandboxes(),
    runtime.containers(),
  ])
  const states = Map.groupBy(containers, ({ state }) => state)
  return [
    process,
    exposition('kubelet_node_name', 'gauge', "The node's name. The count is always 1.", [
      { labels: { node: nodeName }, value: 1 },
    ]),
    exposition('kubelet_running_pods', 'gauge', 'Pods that have a running sandbox.', [
      { labels: {}, value: sandboxes.filter(({ ready }) => ready).length },
    ]),
    exposition(
      'kubelet_running_containers',
      'gauge',
      'Containers by their state.',
      [...states].map(([state, all]) => ({
        labels: { container_state: state },
        value: all.length,
      })),
    ),
    exposition('kubernetes_build_info', 'gauge', 'What this is. The value is always 1.', [
      { labels: { git_version: kubeletVersion, platform: 'linux' }, value: 1 },
    ]),
  ].join('')
}
