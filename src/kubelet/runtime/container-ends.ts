import { deferred, type Clock, type Deferred } from '#base'
import { KubeletError } from '../error.ts'
import type { Runtime } from './runtime.ts'

/** A runtime tells of an end some milliseconds before it shows it. */
const expectedMsMax = 2_000
const expectedPollMs = 10
/** A runtime that is not reached is asked again. */
const unreachedMs = 1_000

/** Lets others wait for containers' ends. It is told what the runtime tells. */
export class ContainerEnds {
  readonly #runtime: Pick<Runtime, 'containerStatus'>
  readonly #clock: Clock
  readonly #waiting = new Map<string, Set<Deferred<'ended' | 'unknown'>>>()

  constructor(runtime: Pick<Runtime, 'containerStatus'>, clock: Clock) {
    this.#runtime = runtime
    this.#clock = clock
  }

  /** The runtime has told of the end of this container. */
  ended(id: string): void {
    for (const each of this.#waiting.get(id) ?? []) each.resolve('ended')
  }

  /** Ends may have been missed. */
  gap(): void {
    for (const all of this.#waiting.values()) for (const each of all) each.resolve('unknown')
  }

  /** Resolves when the container does not run, or is gone, or when the signal fires. */
  async wait(id: string, signal: AbortSignal): Promise<void> {
    let believedUntilMs = 0
    while (!signal.aborted) {
      const told = this.#listen(id)
      const onAbort = () => told.resolve('unknown')
      signal.addEventListener('abort', onAbort)
      try {
        const look = await this.#look(id)
        if (look === 'ended') return
        const now = this.#clock.elapsed()
        if (look === 'unreached') await this.#pause(unreachedMs, signal)
        else if (now < believedUntilMs) await this.#pause(expectedPollMs, signal)
        else if ((await told.promise) === 'ended') {
          believedUntilMs = this.#clock.elapsed() + expectedMsMax
        }
      } finally {
        signal.removeEventListener('abort', onAbort)
        this.#forget(id, told)
      }
    }
  }

  async #look(id: string): Promise<'ended' | 'runs' | 'unreached'> {
    try {
      const { state } = await this.#runtime.containerStatus(id)
      return state === 'exited' ? 'ended' : 'runs'
    } catch (error) {
      const isGone = error instanceof KubeletError && error.reason === 'NotFound'
      return isGone ? 'ended' : 'unreached'
    }
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    await this.#clock.sleep(ms, signal).catch(() => {})
  }

  #listen(id: string): Deferred<'ended' | 'unknown'> {
    const told = deferred<'ended' | 'unknown'>()
    const all = this.#waiting.get(id) ?? new Set()
    this.#waiting.set(id, all.add(told))
    return told
  }

  #forget(id: string, told: Deferred<'ended' | 'unknown'>): void {
    const all = this.#waiting.get(id)
    all?.delete(told)
    if (all?.size === 0) this.#waiting.delete(id)
  }
}
