import { join } from 'node:path'
import type { Pod } from '#api'
import { uidOf } from './observed.ts'

/** Where a kubelet keeps what belongs to pods. Below the root directory all is upstream's layout. */
export interface PodPaths {
  readonly pods: string
  readonly logs: string
  pod(uid: string): string
  volume(uid: string, plugin: string, name: string): string
  hosts(uid: string): string
  /** A directory of the container's own files, such as its termination log. */
  container(uid: string, name: string): string
  podLogs(pod: Pod): string
}

export function podPaths(rootDirectory: string, logDirectory: string): PodPaths {
  const pods = join(rootDirectory, 'pods')
  const pod = (uid: string) => join(pods, uid)
  return {
    pods,
    logs: logDirectory,
    pod,
    volume: (uid, plugin, name) => join(pod(uid), 'volumes', `kubernetes.io~${plugin}`, name),
    hosts: (uid) => join(pod(uid), 'etc-hosts'),
    container: (uid, name) => join(pod(uid), 'containers', name),
    podLogs(of) {
      const { namespace = '', name = '' } = of.metadata
      return join(logDirectory, `${namespace}_${name}_${uidOf(of)}`)
    },
  }
}

/** Below the pod's log directory. */
export function containerLog(name: string, attempt: number): string {
  return `${name}/${attempt}.log`
}
