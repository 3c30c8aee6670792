import { join } from 'node:path'
import type { PodStatus } from '#api'
import { containerLog } from '../pods/pod-paths.ts'
import type { RunningLog } from './log-rotation.ts'

/** The logs of the containers of a pod that run, as its status has them. */
export function runningLogs(status: PodStatus, podLogs: string): RunningLog[] {
  const { containerStatuses = [], initContainerStatuses = [] } = status
  const all = [...containerStatuses, ...initContainerStatuses]
  const running = all.filter(({ state }) => state?.running !== undefined)
  return running.map(({ name, restartCount, containerID = '' }) => ({
    containerId: containerID.replace(/^[a-z]+:\/\//, ''),
    path: join(podLogs, containerLog(name, restartCount)),
  }))
}
