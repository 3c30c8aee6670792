import type { Container, Pod } from '#api'
import { formatDurationMs } from '#machinery'
import type { LinuxResources } from '../runtime/config.ts'
import type { ContainerStatus, SandboxStatus } from '../runtime/runtime.ts'
import { annotations as containerAnnotations } from '../runtime/config.ts'
import { containerHash } from './container-hash.ts'
import {
  containersOf,
  ephemeralContainersOf,
  initContainersOf,
  isSidecar,
  newest,
  type ObservedPod,
  podText,
} from './observed.ts'
import { outdatedResources, resizeRestarts } from './resize.ts'
import { containerResources } from './resources.ts'

/** What to do about a pod next. The shell carries it out, looks again, and asks again. */
export type Action =
  | { readonly type: 'createSandbox'; readonly attempt: number }
  /** Its sandbox is not fit any more, or everything in it is done. */
  | { readonly type: 'stopSandbox'; readonly sandbox: SandboxStatus; readonly changed: boolean }
  | {
      readonly type: 'startContainer'
      readonly container: Container
      readonly attempt: number
      /** The one it takes the place of. */
      readonly ended: ContainerStatus | undefined
    }
  | {
      readonly type: 'killContainer'
      readonly container: Container
      readonly running: ContainerStatus
      /** For the event. */
      readonly message: string
      /** The grace that the failed probe gives, where it gives one. */
      readonly graceSeconds?: number
      /** It is started again then, however it ends. */
      readonly restart: boolean
    }
  /** What running containers may use is not what they have been given. */
  | { readonly type: 'resize'; readonly containers: readonly Resized[] }
  /** A container that ended long ago; the newest two of a name stay. */
  | { readonly type: 'removeContainer'; readonly id: string }

export interface Resized {
  readonly container: Container
  readonly running: ContainerStatus
  readonly resources: LinuxResources
  /** It is to be started again for it. */
  readonly restarts: boolean
}

/** A container that waits, and since when it may not start. */
export interface Held {
  readonly container: Container
  readonly delayMs: number
  readonly untilMs: number
}

export interface PodStep {
  readonly actions: readonly Action[]
  /** Containers that wait in CrashLoopBackOff. */
  readonly held: readonly Held[]
}

export type ProbeKind = 'liveness' | 'readiness' | 'startup'

/** A pod, and the ids of containers that the kubelet has ended for them to start again. */
export interface Restarts {
  readonly pod: Pod
  readonly mustRestart: ReadonlySet<string>
}

export interface StepInput extends Restarts {
  readonly observed: ObservedPod
  readonly nowMs: number
  readonly memoryCapacityBytes: number
  /** The standing result of a container's probe; undefined while there is none. */
  probe(containerId: string, kind: ProbeKind): boolean | undefined
  /** How long a container has to wait that ended then. */
  crashLoopWait(
    container: Container,
    endedAtMs: number,
  ): { readonly delayMs: number; readonly untilMs: number } | undefined
}

/**
 * The next actions for a pod that is to run. Pure: it is given all it knows. Actions do not depend on
 * each other's results, except that a sandbox is stopped before one is created.
 */
export function podStep(input: StepInput): PodStep {
  const { pod, observed } = input
  const [sandbox] = observed.sandboxes
  if (sandbox === undefined || !isFit(sandbox, pod)) return sandboxStep(input, sandbox)
  const step: Draft = { actions: [], held: [] }
  step.actions.push(...outdated(observed))
  startEphemeral(input, step)
  if (initStep(input, sandbox, step) === 'wait') return step
  let left = 0
  for (const container of containersOf(pod)) {
    if (containerStep(input, container, step)) left++
  }
  const resized = resizedContainers(pod, observed, input.memoryCapacityBytes).filter(
    ({ restarts }) => !restarts,
  )
  if (resized.length > 0) step.actions.push({ type: 'resize', containers: resized })
  // Nothing runs and nothing will: the pod is done, and its network can be given back.
  if (left === 0) step.actions.push({ type: 'stopSandbox', sandbox, changed: false })
  return step
}

interface Draft {
  readonly actions: Action[]
  readonly held: Held[]
}

function isFit(sandbox: SandboxStatus, pod: Pod): boolean {
  return sandbox.ready && (pod.spec.hostNetwork === true || sandbox.ips.length > 0)
}

function sandboxStep(input: StepInput, old: SandboxStatus | undefined): PodStep {
  if (old !== undefined && isDone(input, input.observed)) {
    const stop = { type: 'stopSandbox', sandbox: old, changed: false } as const
    return { actions: old.ready ? [stop] : [], held: [] }
  }
  const attempt = old === undefined ? 0 : old.attempt + 1
  const actions: Action[] = [{ type: 'createSandbox', attempt }]
  if (old !== undefined) actions.unshift({ type: 'stopSandbox', sandbox: old, changed: true })
  return { actions, held: [] }
}

/** Whether all containers have ended for good. */
export function isDone(input: Restarts, observed: ObservedPod): boolean {
  const { pod } = input
  if (initFailed(pod, observed)) return true
  return containersOf(pod).every((container) => {
    const status = newest(observed, container.name)
    return status?.state === 'exited' && !restarts(input, container, status)
  })
}

/** Whether an init container has ended badly in a pod that does not try again. */
export function initFailed(pod: Pod, observed: ObservedPod): boolean {
  return initContainersOf(pod).some((container) => {
    const status = newest(observed, container.name)
    const failed = status?.state === 'exited' && status.exitCode !== 0
    return failed && !isSidecar(container) && !policyRestarts(pod, container, status)
  })
}

/** Whether a container that ended so is started again. */
function restarts(
  { pod, mustRestart }: Restarts,
  container: Container,
  ended: ContainerStatus,
): boolean {
  return mustRestart.has(ended.id) || policyRestarts(pod, container, ended)
}

function policyRestarts(pod: Pod, container: Container, ended: ContainerStatus): boolean {
  const policy = container.restartPolicy ?? pod.spec.restartPolicy
  const rule = container.restartPolicyRules?.find(({ exitCodes }) => {
    const listed = exitCodes?.values?.includes(ended.exitCode) === true
    return exitCodes !== undefined && listed === (exitCodes.operator === 'In')
  })
  if (rule !== undefined) return true
  return policy === 'Always' || (policy === 'OnFailure' && ended.exitCode !== 0)
}

/** Init containers in their order; 'go' when the others may run. */
function initStep(input: StepInput, sandbox: SandboxStatus, step: Draft): 'go' | 'wait' {
  const { pod, observed } = input
  // Containers that were created in this sandbox say that its init containers were done.
  const begun = containersOf(pod).some(
    ({ name }) => newest(observed, name)?.sandboxId === sandbox.id,
  )
  if (!begun && initFailed(pod, observed)) {
    step.actions.push({ type: 'stopSandbox', sandbox, changed: false })
    return 'wait'
  }
  for (const container of initContainersOf(pod)) {
    const found = newest(observed, container.name)
    const status = found?.sandboxId === sandbox.id ? found : undefined
    if (isSidecar(container)) {
      containerStep(input, container, step)
      const running = status?.state === 'running' ? status : undefined
      const started =
        running !== undefined &&
        (container.startupProbe === undefined || input.probe(running.id, 'startup') === true)
      if (!begun && !started) return 'wait'
      continue
    }
    if (begun || (status?.state === 'exited' && status.exitCode === 0)) continue
    if (status?.state !== 'running') start(input, container, found, step)
    return 'wait'
  }
  return 'go'
}

/** Looks after one container that should run beside others; whether it does or will. */
function containerStep(input: StepInput, container: Container, step: Draft): boolean {
  const { observed } = input
  const status = newest(observed, container.name)
  const current = status?.sandboxId === observed.sandboxes[0]?.id
  if (status !== undefined && status.state === 'exited' && !restarts(input, container, status)) {
    return false
  }
  if (status?.state !== 'running' || !current) {
    start(input, container, status, step)
    return true
  }
  const why = whyToKill(input, container, status)
  if (why !== undefined) {
    const message = `Container ${container.name} ${why.what}`
    step.actions.push({ type: 'killContainer', container, running: status, message, ...why })
  }
  return true
}

/** Those that can be given other resources while they run. */
export function resizedContainers(
  pod: Pod,
  observed: ObservedPod,
  memoryCapacityBytes: number,
): readonly Resized[] {
  return [...initContainersOf(pod).filter(isSidecar), ...containersOf(pod)].flatMap((container) => {
    const running = newest(observed, container.name)
    if (running?.state !== 'running') return []
    const resources = containerResources(pod, container, memoryCapacityBytes)
    const changed = outdatedResources(running, resources)
    if (changed.length === 0) return []
    return [{ container, running, resources, restarts: resizeRestarts(container, changed) }]
  })
}

/** Why a container that runs should not go on as it is. */
function whyToKill(
  input: StepInput,
  container: Container,
  status: ContainerStatus,
):
  | { readonly what: string; readonly restart: boolean; readonly graceSeconds?: number }
  | undefined {
  const { id, annotations } = status
  const hash = annotations[containerAnnotations.containerHash] ?? ''
  if (hash !== '' && hash !== containerHash(container)) {
    return { what: 'definition changed, will be restarted', restart: true }
  }
  const resources = containerResources(input.pod, container, input.memoryCapacityBytes)
  if (resizeRestarts(container, outdatedResources(status, resources))) {
    return { what: 'resize requires restart', restart: true }
  }
  const failed = (['startup', 'liveness'] as const).find((kind) => input.probe(id, kind) === false)
  if (failed === undefined) return undefined
  const { terminationGracePeriodSeconds: graceSeconds } = container[`${failed}Probe`] ?? {}
  const restart = (container.restartPolicy ?? input.pod.spec.restartPolicy) !== 'Never'
  return {
    what: `failed ${failed} probe${restart ? ', will be restarted' : ''}`,
    restart,
    ...(graceSeconds === undefined ? {} : { graceSeconds }),
  }
}

/** Containers for looking into a pod: they begin at any time, and never again. */
function startEphemeral({ pod, observed }: StepInput, step: Draft): void {
  for (const container of ephemeralContainersOf(pod)) {
    if (newest(observed, container.name) !== undefined) continue
    step.actions.push({ type: 'startContainer', container, attempt: 0, ended: undefined })
  }
}

function start(
  input: StepInput,
  container: Container,
  ended: ContainerStatus | undefined,
  step: Draft,
): void {
  const wait =
    ended?.state === 'exited' ? input.crashLoopWait(container, ended.finishedAtMs) : undefined
  if (wait !== undefined) {
    step.held.push({ container, ...wait })
    return
  }
  const attempt = ended === undefined ? 0 : ended.attempt + 1
  step.actions.push({ type: 'startContainer', container, attempt, ended })
}

/** Containers beyond the newest two of each name. */
function outdated({ containers }: ObservedPod): Action[] {
  const seen = new Map<string, number>()
  return containers.flatMap(({ id, name, state }): Action[] => {
    const before = seen.get(name) ?? 0
    seen.set(name, before + 1)
    return before >= 2 && state !== 'running' ? [{ type: 'removeContainer', id }] : []
  })
}

/** What is tried again together. */
export function actionKey(action: Action): string {
  switch (action.type) {
    case 'createSandbox':
    case 'stopSandbox':
      return 'sandbox'
    case 'startContainer':
    case 'killContainer':
      return `container/${action.container.name}`
    case 'resize':
      return 'resize'
    case 'removeContainer':
      return `remove/${action.id}`
  }
}

/** The words that go with CrashLoopBackOff. */
export function heldMessage(pod: Pod, { container, delayMs }: Held): string {
  const wait = formatDurationMs(delayMs)
  return `back-off ${wait} restarting failed container=${container.name} pod=${podText(pod)}`
}
