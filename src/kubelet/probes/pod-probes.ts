import type { Container, Pod, Probe } from '#api'
import { type Clock, type Random, type Timer } from '#base'
import {
  containersOf,
  initContainersOf,
  newest,
  uidOf,
  type ObservedPod,
} from '../pods/observed.ts'
import type { ProbeKind } from '../pods/pod-step.ts'
import { ProbeCounts } from './probe-counts.ts'
import { Tally } from './tally.ts'
import type { Prober, ProbeResult, Target } from './prober.ts'

export interface PodProbesOptions {
  readonly prober: Prober
  readonly clock: Clock
  readonly random: Random
  /** A standing result has changed. */
  changed(podUid: string): void
  /** A probe failed, or could not be made; for people. */
  failed(pod: Pod, container: Container, message: string): void
}

const allKinds = ['startup', 'liveness', 'readiness'] as const

/** Probes the running containers of pods, and keeps the results by container and kind. */
export class PodProbes {
  readonly #options: PodProbesOptions
  readonly #ofPod = new Map<string, Map<string, ContainerProbe>>()
  readonly #counts = new ProbeCounts()

  constructor(options: PodProbesOptions) {
    this.#options = options
  }

  /** Probes what runs now and has probes of these kinds, and nothing else of the pod any more. */
  sync(pod: Pod, observed: ObservedPod, kinds: readonly ProbeKind[] = allKinds): void {
    const uid = uidOf(pod)
    const before = this.#ofPod.get(uid) ?? new Map<string, ContainerProbe>()
    const now = new Map<string, ContainerProbe>()
    const podIp = observed.sandboxes[0]?.ips[0] ?? pod.status.hostIP ?? ''
    for (const container of [...initContainersOf(pod), ...containersOf(pod)]) {
      const status = newest(observed, container.name)
      if (status?.state !== 'running') continue
      const target = { container, containerId: status.id, podIp }
      for (const kind of kinds) {
        const probe = container[`${kind}Probe`]
        if (probe === undefined) continue
        const key = keyOf(status.id, kind)
        const known = before.get(key)
        now.set(key, known ?? this.#begin(pod, probe, kind, target, status.startedAtMs))
      }
    }
    for (const [key, probe] of before) if (!now.has(key)) probe.stop()
    if (now.size === 0) this.#ofPod.delete(uid)
    else this.#ofPod.set(uid, now)
  }

  /** Undefined while there is none. */
  result(podUid: string, containerId: string, kind: ProbeKind): boolean | undefined {
    return this.#ofPod.get(podUid)?.get(keyOf(containerId, kind))?.result
  }

  /** The pod is being stopped: what its probes would say means nothing any more. */
  stop(podUid: string): void {
    for (const probe of this.#ofPod.get(podUid)?.values() ?? []) probe.stop()
    this.#ofPod.delete(podUid)
    this.#counts.forget(podUid)
  }

  /** How many there were, in the exposition format of Prometheus. */
  metrics(): string {
    return this.#counts.text()
  }

  stopAll(): void {
    for (const uid of this.#ofPod.keys()) this.stop(uid)
  }

  #begin(
    pod: Pod,
    probe: Probe,
    kind: ProbeKind,
    target: Target,
    startedAtMs: number,
  ): ContainerProbe {
    const { container, containerId } = target
    const uid = uidOf(pod)
    return new ContainerProbe({
      ...this.#options,
      probe,
      kind,
      target,
      startedAtMs,
      initial: wasOk(pod, containerId, kind) ? true : undefined,
      mayProbe: () =>
        kind === 'startup' ||
        container.startupProbe === undefined ||
        this.result(uid, containerId, 'startup') === true,
      probed: (result) => this.#counts.count(pod, container, kind, result),
      told: () => this.#options.changed(uid),
      failed: (message) => this.#options.failed(pod, container, message),
    })
  }
}

function keyOf(containerId: string, kind: ProbeKind): string {
  return `${containerId}/${kind}`
}

/** What had started or was ready before the kubelet started is so until a probe says otherwise. */
function wasOk({ status }: Pod, containerId: string, kind: ProbeKind): boolean {
  if (kind === 'liveness') return false
  const all = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])]
  const known = all.find((each) => each.containerID === `containerd://${containerId}`)
  return (kind === 'startup' ? known?.started : known?.ready) === true
}

interface ContainerProbeOptions {
  readonly prober: Prober
  readonly clock: Clock
  readonly random: Random
  readonly probe: Probe
  readonly kind: ProbeKind
  readonly target: Target
  readonly startedAtMs: number
  readonly initial: boolean | undefined
  mayProbe(): boolean
  probed(result: ProbeResult): void
  told(): void
  failed(message: string): void
}

/** How soon a probe looks again whether it may begin. */
const heldMs = 100

/** One probe of one container, over and over. */
class ContainerProbe {
  readonly #options: ContainerProbeOptions
  readonly #tally: Tally
  #timer: Timer | undefined
  #stopped = false

  constructor(options: ContainerProbeOptions) {
    this.#options = options
    this.#tally = new Tally(options.probe, options.initial)
    if (options.kind === 'startup' && options.initial === true) return
    const { clock, startedAtMs } = options
    this.#plan(Math.max(0, startedAtMs + firstProbeMs(options) - clock.now()))
  }

  get result(): boolean | undefined {
    return this.#tally.result
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  #plan(delayMs: number): void {
    this.#timer = this.#options.clock.timer(delayMs, () => void this.#probe(), { unref: true })
  }

  async #probe(): Promise<void> {
    const { prober, probe, kind, target } = this.#options
    if (!this.#options.mayProbe()) return this.#plan(heldMs)
    const result: ProbeResult = await prober.probe(probe, target, probe.timeoutSeconds ?? 1)
    if (this.#stopped) return
    this.#options.probed(result)
    if (!result.ok) this.#options.failed(failureText(kind, result))
    if (result.unknown !== true && this.#tally.count(result.ok)) this.#options.told()
    // A container that has started stays so; one that is to be killed is not asked any more.
    const over = kind !== 'readiness' && (kind === 'startup' || this.result === false)
    if (over && this.result !== undefined) return
    this.#plan(periodOf(probe) * 1000)
  }
}

/**
 * How long after its container's start a probe is made first. Liveness has a period's time at least:
 * a container should not be ended for what it could not have done yet.
 */
function firstProbeMs({ kind, probe }: ContainerProbeOptions): number {
  const delaySeconds = probe.initialDelaySeconds ?? 0
  const seconds = kind === 'liveness' ? Math.max(delaySeconds, periodOf(probe)) : delaySeconds
  return 1000 * seconds
}

function periodOf({ periodSeconds }: Probe): number {
  return periodSeconds ?? 10
}

function failureText(kind: ProbeKind, { output, unknown }: ProbeResult): string {
  const title = `${kind.slice(0, 1).toUpperCase()}${kind.slice(1)} probe`
  return unknown
    ? `${title} errored and resulted in unknown state: ${output}`
    : `${title} failed: ${output}`
}
