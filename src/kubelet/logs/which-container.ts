import type { ContainerStatus, PodStatus } from '#api'

/**
 * The id of the container whose log is meant: the one that runs, else the last that ran; with
 * `previous` the one before. Throws an Error that says, in upstream's words, why there is none.
 */
export function logContainer(
  status: PodStatus,
  podName: string,
  containerName: string,
  previous: boolean,
): string {
  const which = `container "${containerName}" in pod "${podName}"`
  const found = statusOf(status, containerName)
  if (found === undefined) throw new Error(`${which} is not available`)
  const { waiting, running, terminated } = found.state ?? {}
  const last = found.lastState?.terminated
  const lastId = plainId(last?.containerID)
  if (previous) {
    if (lastId !== '') return lastId
    throw new Error(`previous terminated ${which} not found`)
  }
  if (running !== undefined) return plainId(found.containerID)
  if (terminated !== undefined || last !== undefined) {
    const id = plainId(terminated?.containerID) || lastId
    if (id !== '') return id
    throw new Error(`${which} is terminated`)
  }
  if (waiting === undefined) throw new Error(`${which} is waiting to start - no logs yet`)
  throw new Error(`${which} is waiting to start: ${waitingText(waiting.reason ?? '')}`)
}

function statusOf(status: PodStatus, name: string): ContainerStatus | undefined {
  const { containerStatuses = [], initContainerStatuses = [] } = status
  const all = [...containerStatuses, ...initContainerStatuses]
  return [...all, ...(status.ephemeralContainerStatuses ?? [])].find((each) => each.name === name)
}

/** Without the name of the runtime before it. */
function plainId(id = ''): string {
  return id.slice(id.indexOf('://') === -1 ? 0 : id.indexOf('://') + 3)
}

function waitingText(reason: string): string {
  if (reason === 'ErrImagePull') return "image can't be pulled"
  if (reason === 'ImagePullBackOff') return 'trying and failing to pull image'
  return reason
}
