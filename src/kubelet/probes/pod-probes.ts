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
  failed(pod: Pod, container: Container, kind: ProbeKind, output: string): void
}

const kinds = ['startup', 'liveness', 'readiness'] as const

/** Probes the running containers of pods, and keeps the results by container and kind. */
export class PodProbes {
  readonly #options: PodProbesOptions
  readonly #ofPod = new Map<string, Map<string, ContainerProbe>>()
  readonly #counts = new ProbeCounts()

  constructor(options: PodProbesOptions) {
    this.#options = options
  }

  /** Probes what runs now and has probes, and nothing else of the pod any more. */
  sync(pod: Pod, observed: ObservedPod): void {
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
      // A container that was ready before the kubelet started is so until a probe says otherwise.
      initial: kind === 'readiness' && wasReady(pod, containerId) ? true : undefined,
      mayProbe: () =>
        kind === 'startup' ||
        container.startupProbe === undefined ||
        this.result(uid, containerId, 'startup') === true,
      probed: (ok) => this.#counts.count(pod, container, kind, ok),
      told: () => this.#options.changed(uid),
      failed: (output) => this.#options.failed(pod, container, kind, output),
    })
  }
}

function keyOf(containerId: string, kind: ProbeKind): string {
  return `${containerId}/${kind}`
}

function wasReady({ status }: Pod, containerId: string): boolean {
  const all = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])]
  return all.some((each) => each.ready && each.containerID === `containerd://${containerId}`)
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
  probed(ok: boolean): void
  told(): void
  failed(output: string): void
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
    const { clock, probe, startedAtMs } = options
    const dueMs = startedAtMs + (probe.initialDelaySeconds ?? 0) * 1000
    this.#plan(Math.max(0, dueMs - clock.now()))
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
    this.#options.probed(result.ok)
    if (!result.ok) this.#options.failed(result.output)
    if (this.#tally.count(result.ok)) this.#options.told()
    // A container that has started stays so; one that is to be killed is not asked any more.
    const over = kind !== 'readiness' && (kind === 'startup' || this.result === false)
    if (over && this.result !== undefined) return
    this.#plan((probe.periodSeconds ?? 10) * 1000)
  }
}
