import { join } from 'node:path'

/** Where a node keeps what is its own, below one directory. */
export interface NodePaths {
  /** Says which agent runs here, while one does. */
  readonly agentFile: string
  readonly credentials: string
  /** The cluster's settings, as they were said last. */
  readonly settings: string
  /** Images, containers, its socket, its log. */
  readonly containerd: string
  /** Pods' volumes and logs: upstream's /var/lib/kubelet. */
  readonly kubelet: string
  /** Which addresses pods have. */
  readonly addresses: string
}

export function nodePaths(directory: string): NodePaths {
  return {
    agentFile: join(directory, 'agent.json'),
    credentials: join(directory, 'credentials'),
    settings: join(directory, 'settings.json'),
    containerd: join(directory, 'containerd'),
    kubelet: join(directory, 'kubelet'),
    addresses: join(directory, 'addresses'),
  }
}
