import type { Container, Pod } from '#api'
import { formatTime, parseTime } from '#base'
import { behaviourOf, type Behaviour } from './behaviour.ts'

type Status = Pod['status']
type ContainerStatus = NonNullable<Status['containerStatuses']>[number]
type ContainerState = NonNullable<ContainerStatus['state']>
type Condition = NonNullable<Status['conditions']>[number]

/** What a simulated node gives a pod. */
export interface Place {
  readonly hostIp: string
  /** The pod's own; the node's for pods in the host's network. */
  readonly podIp: string
}

/** What to do about a pod now, and when to look again. */
export interface Step {
  /** The status to write; undefined when it is as it should be. */
  readonly status: Status | undefined
  /** The pod has stopped: remove it. */
  readonly remove: boolean
  readonly againAtMs: number | undefined
}

/** Upstream's back-off of containers that keep ending: 10 s, doubled up to five minutes. */
const backoffMs = { first: 10_000, max: 300_000 }

/**
 * The next step of a pod on a simulated node. Everything is derived from the pod as it stands, so a
 * node that starts again goes on where it was. Pure.
 */
export function podStep(pod: Pod, place: Place, nowMs: number): Step {
  const behaviour = behaviourOf(pod.metadata.annotations)
  if (pod.metadata.deletionTimestamp !== undefined) return stopping(pod, behaviour, nowMs)
  const { phase } = pod.status
  if (phase === 'Succeeded' || phase === 'Failed') return nothing
  const startedMs = parseTime(pod.status.startTime ?? '')
  if (startedMs === undefined) {
    return behaviour.startDelayMs === 0
      ? running(pod, place, behaviour, nowMs, nowMs)
      : accepted(pod, place, behaviour, nowMs)
  }
  const startAtMs = startedMs + behaviour.startDelayMs
  if (phase !== 'Running' && nowMs < startAtMs) return { ...nothing, againAtMs: startAtMs }
  return running(pod, place, behaviour, startedMs, nowMs)
}

const nothing: Step = { status: undefined, remove: false, againAtMs: undefined }

/** The node has taken the pod, and its images are being pulled, so to speak. */
function accepted(pod: Pod, place: Place, behaviour: Behaviour, nowMs: number): Step {
  const waiting = { waiting: { reason: 'ContainerCreating' } }
  const containerStatuses = containersOf(pod).map((container) =>
    containerStatus(pod, container, { state: waiting, ready: false, started: false, restarts: 0 }),
  )
  return {
    status: {
      ...pod.status,
      phase: 'Pending',
      hostIP: place.hostIp,
      hostIPs: [{ ip: place.hostIp }],
      startTime: formatTime(nowMs),
      conditions: conditions(pod, { initialized: true, ready: false, sandbox: false }, nowMs),
      containerStatuses,
    },
    remove: false,
    againAtMs: nowMs + behaviour.startDelayMs,
  }
}

/** Starts, ends, restarts and readies the containers. */
function running(
  pod: Pod,
  place: Place,
  behaviour: Behaviour,
  startedMs: number,
  nowMs: number,
): Step {
  let againAtMs: number | undefined
  const again = (atMs: number) => {
    againAtMs = againAtMs === undefined ? atMs : Math.min(againAtMs, atMs)
  }
  const containerStatuses = containersOf(pod).map((container) => {
    const before = pod.status.containerStatuses?.find(({ name }) => name === container.name)
    const next = nextContainer(pod, before, behaviour, nowMs)
    if (next.againAtMs !== undefined) again(next.againAtMs)
    return containerStatus(pod, container, next)
  })
  const ready = containerStatuses.every((status) => status.ready)
  const ended = containerStatuses.every(({ state }) => state?.terminated !== undefined)
  const failed = containerStatuses.some(({ state }) => (state?.terminated?.exitCode ?? 0) !== 0)
  const phase = !ended ? 'Running' : failed ? 'Failed' : 'Succeeded'
  const status: Status = {
    ...pod.status,
    phase,
    hostIP: place.hostIp,
    hostIPs: [{ ip: place.hostIp }],
    podIP: place.podIp,
    podIPs: [{ ip: place.podIp }],
    startTime: formatTime(startedMs),
    conditions: conditions(pod, { initialized: true, ready, sandbox: !ended, ended }, nowMs),
    ...initStatuses(pod, startedMs),
    containerStatuses,
  }
  return { status: sameStatus(pod.status, status) ? undefined : status, remove: false, againAtMs }
}

interface NextContainer {
  readonly state: ContainerState
  readonly lastState?: ContainerState | undefined
  readonly ready: boolean
  readonly started: boolean
  readonly restarts: number
  readonly againAtMs?: number | undefined
}

function nextContainer(
  pod: Pod,
  before: ContainerStatus | undefined,
  behaviour: Behaviour,
  nowMs: number,
): NextContainer {
  const restarts = before?.restartCount ?? 0
  const { running: runs, terminated, waiting } = before?.state ?? {}
  if (terminated !== undefined) {
    return {
      state: { terminated },
      lastState: before?.lastState,
      ready: false,
      started: false,
      restarts,
    }
  }
  if (waiting?.reason === 'CrashLoopBackOff') {
    const endedMs = parseTime(before?.lastState?.terminated?.finishedAt ?? '') ?? nowMs
    const dueMs = endedMs + backoff(restarts)
    if (nowMs < dueMs) {
      const state = { waiting }
      const lastState = before?.lastState
      return { state, lastState, ready: false, started: false, restarts, againAtMs: dueMs }
    }
    return started(before?.lastState, behaviour, nowMs, nowMs, restarts + 1)
  }
  const sinceMs = parseTime(runs?.startedAt ?? '') ?? nowMs
  const exitsAtMs =
    behaviour.exitAfterMs === undefined ? undefined : sinceMs + behaviour.exitAfterMs
  if (exitsAtMs === undefined || nowMs < exitsAtMs) {
    return started(before?.lastState, behaviour, sinceMs, nowMs, restarts, before?.ready)
  }
  return ended(pod, behaviour, sinceMs, nowMs, restarts)
}

function started(
  lastState: ContainerState | undefined,
  behaviour: Behaviour,
  sinceMs: number,
  nowMs: number,
  restarts: number,
  wasReady = false,
): NextContainer {
  const readyAtMs = sinceMs + behaviour.readyDelayMs
  // What is ready stays so, though the wall clock be set back.
  const ready = !behaviour.neverReady && (wasReady || nowMs >= readyAtMs)
  const exitsAtMs = behaviour.exitAfterMs === undefined ? Infinity : sinceMs + behaviour.exitAfterMs
  const next = Math.min(ready || behaviour.neverReady ? Infinity : readyAtMs, exitsAtMs)
  return {
    state: { running: { startedAt: formatTime(sinceMs) } },
    lastState,
    ready,
    started: true,
    restarts,
    againAtMs: next === Infinity ? undefined : next,
  }
}

function ended(
  pod: Pod,
  behaviour: Behaviour,
  sinceMs: number,
  nowMs: number,
  restarts: number,
): NextContainer {
  const terminated = termination(behaviour.exitCode, sinceMs, nowMs)
  const { restartPolicy } = pod.spec
  const restart =
    restartPolicy === 'Always' || (restartPolicy === 'OnFailure' && behaviour.exitCode !== 0)
  if (!restart) return { state: { terminated }, ready: false, started: false, restarts }
  const waiting = {
    reason: 'CrashLoopBackOff',
    message: `back-off ${backoff(restarts) / 1000}s restarting failed container`,
  }
  return {
    state: { waiting },
    lastState: { terminated },
    ready: false,
    started: false,
    restarts,
    againAtMs: nowMs + backoff(restarts),
  }
}

/** The pod was told to stop: its containers end, then it goes. */
function stopping(pod: Pod, behaviour: Behaviour, nowMs: number): Step {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = pod.metadata
  const deadlineMs = parseTime(deletionTimestamp ?? '') ?? nowMs
  const toldMs = deadlineMs - deletionGracePeriodSeconds * 1000
  const stopAtMs = Math.min(deadlineMs, toldMs + behaviour.stopDelayMs)
  if (nowMs < stopAtMs) return { ...nothing, againAtMs: stopAtMs }
  return { ...nothing, remove: true }
}

function termination(exitCode: number, sinceMs: number, nowMs: number) {
  return {
    exitCode,
    reason: exitCode === 0 ? 'Completed' : 'Error',
    startedAt: formatTime(sinceMs),
    finishedAt: formatTime(nowMs),
  }
}

function backoff(restarts: number): number {
  return Math.min(backoffMs.first * 2 ** restarts, backoffMs.max)
}

function containerStatus(
  pod: Pod,
  { name, image = '' }: Container,
  { state, lastState, ready, started: begun, restarts }: NextContainer,
): ContainerStatus {
  return {
    name,
    state,
    lastState: lastState ?? {},
    ready,
    restartCount: restarts,
    image,
    imageID: image,
    containerID: `simulated://${pod.metadata.uid ?? ''}/${name}/${restarts}`,
    started: begun,
  }
}

/** Validation sees to it that there are some. */
function containersOf(pod: Pod): readonly Container[] {
  return pod.spec.containers ?? []
}

/** Init containers are over as soon as the pod runs; sidecars among them run. */
function initStatuses(pod: Pod, startedMs: number): Pick<Status, 'initContainerStatuses'> {
  const { initContainers } = pod.spec
  if (initContainers === undefined) return {}
  return {
    initContainerStatuses: initContainers.map((container) => {
      const sidecar = container.restartPolicy === 'Always'
      const state = sidecar
        ? { running: { startedAt: formatTime(startedMs) } }
        : { terminated: termination(0, startedMs, startedMs) }
      return containerStatus(pod, container, { state, ready: true, started: sidecar, restarts: 0 })
    }),
  }
}

interface Truths {
  readonly initialized: boolean
  readonly ready: boolean
  readonly sandbox: boolean
  readonly ended?: boolean
}

/** The kubelet's conditions, each with the time since when it holds; others' are left alone. */
function conditions(pod: Pod, truths: Truths, nowMs: number): Condition[] {
  const before = pod.status.conditions ?? []
  const why = truths.ended === true ? 'PodCompleted' : 'ContainersNotReady'
  const ours: [string, boolean, string | undefined][] = [
    ['PodReadyToStartContainers', truths.sandbox, undefined],
    ['Initialized', truths.initialized, undefined],
    ['Ready', truths.ready && gatesOpen(pod), why],
    ['ContainersReady', truths.ready, why],
    ['PodScheduled', true, undefined],
  ]
  const made = ours.map(([type, holds, reason]): Condition => {
    const status = holds ? 'True' : 'False'
    const old = before.find((condition) => condition.type === type)
    const since = old?.status === status ? old.lastTransitionTime : formatTime(nowMs)
    return {
      type,
      status,
      lastProbeTime: null,
      lastTransitionTime: since,
      ...(holds || reason === undefined ? {} : { reason }),
    }
  })
  const names = new Set(ours.map(([type]) => type))
  return [...made, ...before.filter(({ type }) => !names.has(type))]
}

/** Readiness gates that others set (KEP-580). */
function gatesOpen(pod: Pod): boolean {
  return (pod.spec.readinessGates ?? []).every((gate) =>
    pod.status.conditions?.some(
      ({ type, status }) => type === gate.conditionType && status === 'True',
    ),
  )
}

function sameStatus(a: Status, b: Status): boolean {
  return JSON.stringify(comparable(a)) === JSON.stringify(comparable(b))
}

/** The parts we write, in one order. */
function comparable(status: Status): unknown {
  return [
    status.phase,
    status.podIP,
    status.conditions?.map(({ type, status: value, reason }) => [type, value, reason]),
    status.containerStatuses?.map(({ name, state, ready, restartCount }) => [
      name,
      state?.running?.startedAt,
      state?.terminated?.finishedAt,
      state?.waiting?.reason,
      ready,
      restartCount,
    ]),
  ]
}
