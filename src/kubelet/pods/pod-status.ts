import type {
  Container,
  ContainerState,
  ContainerStatus as ApiContainerStatus,
  Pod,
  PodCondition,
  PodStatus,
} from '#api'
import { formatTime } from '#base'
import type { ContainerStatus } from '../runtime/runtime.ts'
import {
  containersOf,
  ephemeralContainersOf,
  initContainersOf,
  isSidecar,
  newest,
  type ObservedPod,
  previous,
} from './observed.ts'
import { initFailed, isDone, resizedContainers, type ProbeKind, type Restarts } from './pod-step.ts'
import { outdatedResources } from './resize.ts'
import { containerResources } from './resources.ts'

export interface Waiting {
  readonly reason: string
  readonly message: string
}

export interface StatusInput extends Restarts {
  readonly observed: ObservedPod
  readonly nowMs: number
  /** What was said last, which the API may not show yet. */
  readonly before: PodStatus | undefined
  readonly hostIps: readonly string[]
  /** Why containers do not run, by name: CrashLoopBackOff, ErrImagePull, … */
  readonly waiting: ReadonlyMap<string, Waiting>
  readonly probe: (containerId: string, kind: ProbeKind) => boolean | undefined
  /** The pod was told to stop and has stopped: what it is now is its last state. */
  readonly stopped: boolean
  /** Why the kubelet ended the pod by itself: DeadlineExceeded, Evicted. */
  readonly failure: Waiting | undefined
  /** Why the pod has not been given the resources that are wanted for it now. */
  readonly resizePending: Waiting | undefined
  /** Why what it has been given could not be set, with the words for it. */
  readonly resizeError: string | undefined
  readonly memoryCapacityBytes: number
}

/**
 * The status of a pod, from what the runtime has of it. Pure. What belongs to others (conditions the
 * kubelet does not know, nominatedNodeName, qosClass) is left out, for a strategic merge patch.
 */
export function podStatus(input: StatusInput): PodStatus {
  const { pod, observed, nowMs, failure } = input
  const initStatuses = initContainersOf(pod).map((each) => containerStatus(input, each, 'init'))
  const statuses = containersOf(pod).map((each) => containerStatus(input, each, 'main'))
  const ephemeralStatuses = ephemeralContainersOf(pod).map((each) =>
    containerStatus(input, each, 'ephemeral'),
  )
  const phase = failure === undefined ? phaseOf(input, initStatuses, statuses) : 'Failed'
  const ips = podIps(input)
  return {
    ...(pod.metadata.generation === undefined
      ? {}
      : { observedGeneration: pod.metadata.generation }),
    phase,
    ...failure,
    startTime: pod.status.startTime ?? input.before?.startTime ?? formatTime(nowMs),
    ...(input.hostIps[0] === undefined
      ? {}
      : { hostIP: input.hostIps[0], hostIPs: input.hostIps.map((ip) => ({ ip })) }),
    ...(ips[0] === undefined ? {} : { podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) }),
    conditions: conditions(input, phase, initStatuses, statuses, observed),
    ...(initStatuses.length === 0 ? {} : { initContainerStatuses: initStatuses }),
    containerStatuses: statuses,
    ...(ephemeralStatuses.length === 0 ? {} : { ephemeralContainerStatuses: ephemeralStatuses }),
  }
}

function podIps({ pod, observed, before, hostIps }: StatusInput): readonly string[] {
  if (pod.spec.hostNetwork === true) return hostIps
  const [sandbox] = observed.sandboxes
  // A pod that has ended keeps the address it had.
  const had = before?.podIPs ?? pod.status.podIPs ?? []
  if (sandbox?.ready !== true) return had.map(({ ip }) => ip)
  return sandbox.ips
}

function containerStatus(
  input: StatusInput,
  container: Container,
  sort: 'ephemeral' | 'init' | 'main',
): ApiContainerStatus {
  const { pod, observed, waiting } = input
  const status = newest(observed, container.name)
  const before = previous(observed, container.name)
  const why = waiting.get(container.name)
  const known = knownStatus(pod, container.name)
  const runs = status?.state === 'running'
  const started =
    runs && (container.startupProbe === undefined || input.probe(status.id, 'startup') === true)
  const readyNow =
    started &&
    (container.readinessProbe === undefined || input.probe(status.id, 'readiness') === true)
  const lasting = sort === 'main' || isSidecar(container)
  const ended = status?.state === 'exited' ? terminated(status) : undefined
  // What waits for its next start shows its end as the last state. The API takes no other for what
  // the kubelet has ended: by the pod's policy it might have been the end.
  const isReplaced = status !== undefined && input.mustRestart.has(status.id)
  const again = ended !== undefined && (why !== undefined || isReplaced) && !input.stopped
  return {
    name: container.name,
    state: again
      ? { waiting: why ?? { reason: 'ContainerCreating' } }
      : stateOf(input, status, why),
    lastState: again
      ? { terminated: ended }
      : before?.state === 'exited'
        ? { terminated: terminated(before) }
        : {},
    ready: lasting ? readyNow : sort === 'init' && ended?.exitCode === 0,
    restartCount: status?.attempt ?? known?.restartCount ?? 0,
    image: status === undefined || status.image === '' ? (container.image ?? '') : status.image,
    imageID: status?.imageRef ?? '',
    ...(status === undefined ? {} : { containerID: containerId(status) }),
    started,
    ...resourcesOf(input, container, status),
  }
}

/** What the container has been given, and what is set of it: until that is done, what was before. */
function resourcesOf(
  { pod, memoryCapacityBytes }: StatusInput,
  container: Container,
  status: ContainerStatus | undefined,
): Pick<ApiContainerStatus, 'allocatedResources' | 'resources'> {
  const { limits, requests } = container.resources
  const isSet =
    status?.state !== 'running' ||
    outdatedResources(status, containerResources(pod, container, memoryCapacityBytes)).length === 0
  const given = {
    ...(limits === undefined ? {} : { limits }),
    ...(requests === undefined ? {} : { requests }),
  }
  return {
    ...(requests === undefined ? {} : { allocatedResources: requests }),
    resources: isSet ? given : (knownStatus(pod, container.name)?.resources ?? given),
  }
}

function knownStatus(pod: Pod, name: string): ApiContainerStatus | undefined {
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status
  const all = [...initContainerStatuses, ...containerStatuses]
  return all.find((each) => each.name === name)
}

function stateOf(
  input: StatusInput,
  status: ContainerStatus | undefined,
  why: Waiting | undefined,
): ContainerState {
  if (status?.state === 'running') return { running: { startedAt: formatTime(status.startedAtMs) } }
  if (status?.state === 'exited') return { terminated: terminated(status) }
  const isInitialized = initialized(input)
  // Whose turn never came is still waiting for it.
  if (input.stopped && isInitialized) {
    return {
      terminated: {
        exitCode: 137,
        reason: 'ContainerStatusUnknown',
        message: 'The container could not be located when the pod was terminated',
        startedAt: null,
        finishedAt: null,
      },
    }
  }
  if (why !== undefined) return { waiting: why }
  const initial = isInitialized ? 'ContainerCreating' : 'PodInitializing'
  return { waiting: { reason: initial } }
}

function terminated(status: ContainerStatus) {
  return {
    exitCode: status.exitCode,
    ...(status.reason === '' ? {} : { reason: status.reason }),
    ...(status.message === '' ? {} : { message: status.message }),
    startedAt: formatTime(status.startedAtMs),
    finishedAt: formatTime(status.finishedAtMs),
    containerID: containerId(status),
  }
}

function containerId({ id }: ContainerStatus): string {
  return `containerd://${id}`
}

/** Whether all init containers have done their part. */
function initialized({ pod, observed, probe }: StatusInput): boolean {
  if (containersOf(pod).some(({ name }) => newest(observed, name) !== undefined)) return true
  return initContainersOf(pod).every((container) => {
    const status = newest(observed, container.name)
    if (!isSidecar(container)) return status?.state === 'exited' && status.exitCode === 0
    if (status?.state !== 'running') return false
    return container.startupProbe === undefined || probe(status.id, 'startup') === true
  })
}

type Phase = 'Failed' | 'Pending' | 'Running' | 'Succeeded'

function phaseOf(
  input: StatusInput,
  initStatuses: readonly ApiContainerStatus[],
  statuses: readonly ApiContainerStatus[],
): Phase {
  const { pod, observed, stopped } = input
  const { phase } = pod.status
  // Phases at which a pod has ended are never left.
  if (phase === 'Failed' || phase === 'Succeeded') return phase
  if (initFailed(pod, observed)) return 'Failed'
  const ends = statuses.map(({ state }) => state?.terminated)
  if (stopped) {
    const all = [...ends, ...initStatuses.map(({ state }) => state?.terminated)]
    const mains = all.slice(0, ends.length)
    return mains.every((end) => end?.exitCode === 0) ? 'Succeeded' : 'Failed'
  }
  if (!initialized(input)) return 'Pending'
  const waits = statuses.some(
    ({ state, lastState }) => state?.waiting !== undefined && lastState?.terminated === undefined,
  )
  if (waits) return 'Pending'
  if (!isDone(input, observed)) return 'Running'
  return ends.every((end) => end?.exitCode === 0) ? 'Succeeded' : 'Failed'
}

function conditions(
  input: StatusInput,
  phase: Phase,
  initStatuses: readonly ApiContainerStatus[],
  statuses: readonly ApiContainerStatus[],
  observed: ObservedPod,
): PodCondition[] {
  const { pod } = input
  const succeeded = phase === 'Succeeded'
  const lasting = initContainersOf(pod).filter(isSidecar)
  const running = [
    ...initStatuses.filter(({ name }) => lasting.some((each) => each.name === name)),
    ...statuses,
  ]
  const unready = running.filter(({ ready }) => !ready).map(({ name }) => name)
  const incomplete = initialized(input)
    ? []
    : initStatuses.filter(({ ready }) => !ready).map(({ name }) => name)
  const notReady: Why | undefined = succeeded
    ? { reason: 'PodCompleted' }
    : phase === 'Failed'
      ? { reason: 'PodFailed' }
      : unready.length === 0
        ? undefined
        : {
            reason: 'ContainersNotReady',
            message: `containers with unready status: [${unready.join(' ')}]`,
          }
  const gates = (pod.spec.readinessGates ?? [])
    .map(({ conditionType }) => conditionType)
    .filter((type) => !holds(pod, type))
  const gated: Why | undefined =
    notReady ??
    (gates.length === 0
      ? undefined
      : {
          reason: 'ReadinessGatesNotReady',
          message: gates.map((type) => gateText(pod, type)).join(', '),
        })
  const [sandbox] = observed.sandboxes
  return [
    condition(
      input,
      'PodReadyToStartContainers',
      sandbox?.ready === true && !input.stopped,
      undefined,
    ),
    condition(
      input,
      'Initialized',
      incomplete.length === 0,
      succeeded
        ? { reason: 'PodCompleted' }
        : incomplete.length === 0
          ? undefined
          : {
              reason: 'ContainersNotInitialized',
              message: `containers with incomplete status: [${incomplete.join(' ')}]`,
            },
    ),
    condition(input, 'Ready', gated === undefined, gated),
    condition(input, 'ContainersReady', notReady === undefined, notReady),
    condition(input, 'PodScheduled', true, undefined),
    ...resizeConditions(input),
  ]
}

/** They are there only as long as a change of resources is not done. */
function resizeConditions(input: StatusInput): PodCondition[] {
  const { pod, observed, memoryCapacityBytes, resizeError, resizePending, stopped } = input
  if (stopped) return []
  const inProgress = resizedContainers(pod, observed, memoryCapacityBytes).length > 0
  const error = resizeError === undefined ? undefined : { reason: 'Error', message: resizeError }
  return [
    ...(resizePending === undefined
      ? []
      : [condition(input, 'PodResizePending', true, resizePending)]),
    ...(inProgress ? [condition(input, 'PodResizeInProgress', true, error)] : []),
  ]
}

interface Why {
  readonly reason: string
  readonly message?: string
}

function holds(pod: Pod, type: string): boolean {
  return conditionOf(pod.status, type)?.status === 'True'
}

/** Why a readiness gate is closed. */
function gateText(pod: Pod, type: string): string {
  const found = conditionOf(pod.status, type)
  return found === undefined
    ? `corresponding condition of pod readiness gate "${type}" does not exist.`
    : `the status of pod readiness gate "${type}" is not "True", but ${found.status}`
}

function conditionOf(status: PodStatus | undefined, type: string): PodCondition | undefined {
  return status?.conditions?.find((each) => each.type === type)
}

function condition(
  { pod, before, nowMs }: StatusInput,
  type: string,
  isTrue: boolean,
  why: Why | undefined,
): PodCondition {
  const status = isTrue ? 'True' : 'False'
  const known = conditionOf(before, type) ?? conditionOf(pod.status, type)
  const since = known?.status === status ? known.lastTransitionTime : formatTime(nowMs)
  return {
    type,
    ...(pod.metadata.generation === undefined
      ? {}
      : { observedGeneration: pod.metadata.generation }),
    status,
    lastProbeTime: null,
    lastTransitionTime: since,
    ...why,
  }
}
