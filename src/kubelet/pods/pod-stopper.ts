import type { Container, Pod } from '#api'
import { withTimeout } from '#base'
import { referenceTo } from '#client'
import {
  containersOf,
  ephemeralContainersOf,
  initContainersOf,
  isSidecar,
  type ObservedPod,
} from './observed.ts'
import type { PodHost } from './pod-host.ts'
import { fieldPath } from './pod-starter.ts'

/** After its preStop hook a container has so long at least. */
const graceSecondsMin = 2
const graceSecondsUsual = 30

/** How long the containers of a pod have to end, unless something else was asked for. */
export function graceOf({ spec }: Pod): number {
  return spec.terminationGracePeriodSeconds ?? graceSecondsUsual
}

/** Ends containers as their pods ask for. */
export class PodStopper {
  readonly #host: PodHost

  constructor(host: PodHost) {
    this.#host = host
  }

  /**
   * Ends all containers: the sidecars after the others, in reverse order, within one grace. Aborted
   * by the signal, containers may be left running.
   */
  async stopContainers(
    pod: Pod,
    observed: ObservedPod,
    graceSeconds: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock } = this.#host
    const startedMs = clock.elapsed()
    const left = () => Math.max(0, Math.ceil(graceSeconds - (clock.elapsed() - startedMs) / 1000))
    const running = (container: Container) =>
      observed.containers.find(
        ({ name, state }) =>
          name === container.name && (state === 'running' || state === 'unknown'),
      )
    const stop = async (container: Container) => {
      const status = running(container)
      if (status === undefined) return
      await this.stopContainer(pod, container, status.id, {
        graceSeconds: left(),
        message: `Stopping container ${container.name}`,
        signal,
      })
    }
    const sidecars = initContainersOf(pod).filter(isSidecar)
    const others = [
      ...containersOf(pod),
      ...ephemeralContainersOf(pod),
      ...initContainersOf(pod).filter((container) => !isSidecar(container)),
    ]
    await Promise.all(others.map(stop))
    for (const sidecar of sidecars.toReversed()) await stop(sidecar)
  }

  async stopContainer(
    pod: Pod,
    container: Container,
    id: string,
    options: {
      readonly graceSeconds: number
      readonly message: string
      readonly signal: AbortSignal
    },
  ): Promise<void> {
    const { clock, events, runtime } = this.#host
    const { graceSeconds, message, signal } = options
    const about = referenceTo(pod, fieldPath(pod, container))
    events.record(about, { type: 'Normal', reason: 'Killing', message })
    const startedMs = clock.elapsed()
    if (container.lifecycle?.preStop !== undefined && graceSeconds > 0) {
      await this.#preStop(pod, container, id, graceSeconds, signal)
    }
    const spentSeconds = Math.floor((clock.elapsed() - startedMs) / 1000)
    const least = graceSeconds === 0 ? 0 : Math.min(graceSecondsMin, graceSeconds)
    await runtime.stopContainer(id, Math.max(graceSeconds - spentSeconds, least), signal)
  }

  /** Runs the hook until it ends, the grace is over, or the signal fires. */
  async #preStop(
    pod: Pod,
    container: Container,
    containerId: string,
    graceSeconds: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, events, prober } = this.#host
    const hook = container.lifecycle?.preStop ?? {}
    if (hook.sleep !== undefined) {
      const delayMs = Math.min(hook.sleep.seconds, graceSeconds) * 1000
      await clock.sleep(delayMs, signal).catch(() => {})
      return
    }
    const target = { container, containerId, podIp: pod.status.podIP ?? pod.status.hostIP ?? '' }
    const asked = prober.probe(hook, target, graceSeconds)
    const limitMs = graceSeconds * 1000
    const ok = withTimeout(clock, asked, limitMs, 'a preStop hook').then(
      ({ ok: succeeded, answered }) => succeeded || answered === true,
      () => false,
    )
    if ((await Promise.race([ok, aborted(signal)])) !== false) return
    events.record(referenceTo(pod, fieldPath(pod, container)), {
      type: 'Warning',
      reason: 'FailedPreStopHook',
      message: 'PreStopHook failed',
    })
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined)
    else signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })
}
