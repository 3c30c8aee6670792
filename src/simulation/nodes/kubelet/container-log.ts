import type { Pod } from '#api'
import { parseTime } from '#base'
import { quote } from '#machinery'
import { behaviourOf, type Behaviour } from '../behaviour.ts'

/** One run of a container, from its start to its end. */
export interface ContainerRun {
  readonly container: string
  readonly image: string
  readonly restarts: number
  readonly startedMs: number
  readonly ended: { readonly atMs: number; readonly exitCode: number } | undefined
  /** Undefined for init containers, which are never ready. */
  readonly readyAfterMs: number | undefined
  /** It says a line so often; undefined: never. */
  readonly everyMs: number | undefined
  readonly line: string
}

export interface LogLine {
  readonly atMs: number
  readonly text: string
}

/**
 * The run whose log is asked for: the present one, or the one before. Throws an Error in a kubelet's
 * words where there is none.
 */
export function containerRun(pod: Pod, container: string, previous: boolean): ContainerRun {
  const { spec, status, metadata } = pod
  const name = metadata.name ?? ''
  const main = status.containerStatuses?.find((each) => each.name === container)
  const found = main ?? status.initContainerStatuses?.find((each) => each.name === container)
  if (found === undefined) {
    throw new Error(`container ${quote(container)} in pod ${quote(name)} is not available`)
  }
  const { state, lastState, restartCount, image } = found
  const before = lastState.terminated
  const behaviour = main === undefined ? undefined : behaviourOf(metadata.annotations)
  const run = (at: RunState, number: number) => runOf(container, image, number, at, behaviour)
  const now = state.running ?? state.terminated
  if (previous) {
    if (before !== undefined)
      return run(before, now === undefined ? restartCount : restartCount - 1)
    throw new Error(
      `previous terminated container ${quote(container)} in pod ${quote(name)} not found`,
    )
  }
  if (now !== undefined) return run(now, restartCount)
  if (before !== undefined) return run(before, restartCount)
  const why = state.waiting?.reason ?? (spec.nodeName === undefined ? 'Pending' : 'PodInitializing')
  throw new Error(`container ${quote(container)} in pod ${quote(name)} is waiting to start: ${why}`)
}

interface RunState {
  readonly startedAt?: string | null
  readonly finishedAt?: string | null
  readonly exitCode?: number
}

function runOf(
  container: string,
  image: string,
  restarts: number,
  { startedAt, finishedAt, exitCode = 0 }: RunState,
  behaviour: Behaviour | undefined,
): ContainerRun {
  const endedMs = parseTime(finishedAt ?? '')
  const ready = behaviour !== undefined && !behaviour.neverReady
  return {
    container,
    image,
    restarts,
    startedMs: parseTime(startedAt ?? '') ?? endedMs ?? 0,
    ended: endedMs === undefined ? undefined : { atMs: endedMs, exitCode },
    readyAfterMs: ready ? behaviour.readyDelayMs : undefined,
    everyMs: behaviour?.logEveryMs,
    line: behaviour?.logLine ?? '',
  }
}

/**
 * What a run has said until a time, line by line and by number, so that the end of a long log costs
 * no more than that of a short one. The same run always says the same.
 */
export class ContainerLog {
  readonly #run: ContainerRun
  readonly #untilMs: number
  readonly #repeated: number
  /** The number of the line that says it is ready. */
  readonly #readyAt: number | undefined
  readonly length: number

  constructor(run: ContainerRun, nowMs: number) {
    const { startedMs, ended, everyMs, readyAfterMs } = run
    this.#run = run
    this.#untilMs = Math.max(startedMs, ended?.atMs ?? nowMs)
    const lasted = this.#untilMs - startedMs
    const repeatedIn = (ms: number) => (everyMs === undefined ? 0 : Math.floor(ms / everyMs))
    this.#repeated = repeatedIn(lasted)
    const ready = readyAfterMs !== undefined && readyAfterMs <= lasted
    this.#readyAt = ready ? 1 + repeatedIn(readyAfterMs) : undefined
    this.length = 1 + this.#repeated + (ready ? 1 : 0) + (ended === undefined ? 0 : 1)
  }

  /** From 0 to less than `length`. */
  line(index: number): LogLine {
    const {
      container,
      image,
      restarts,
      startedMs,
      ended,
      everyMs = 0,
      readyAfterMs = 0,
      line,
    } = this.#run
    if (index === 0) {
      const times = restarts === 0 ? '' : `, restart ${restarts}`
      return { atMs: startedMs, text: `${container}: started from ${image} (simulated${times})` }
    }
    if (ended !== undefined && index === this.length - 1) {
      return { atMs: ended.atMs, text: `${container}: ended with exit code ${ended.exitCode}` }
    }
    if (index === this.#readyAt) {
      return { atMs: startedMs + readyAfterMs, text: `${container}: ready` }
    }
    const count = this.#readyAt !== undefined && index > this.#readyAt ? index - 1 : index
    return { atMs: startedMs + count * everyMs, text: `${line} ${count}` }
  }

  /** The number of the first line that is no older; `length` where all are. */
  firstSince(timeMs: number): number {
    let [low, high] = [0, this.length]
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      if (this.line(middle).atMs < timeMs) low = middle + 1
      else high = middle
    }
    return low
  }

  /** When the next line is due by time alone; undefined when none is. */
  get nextMs(): number | undefined {
    const { startedMs, ended, everyMs, readyAfterMs } = this.#run
    if (ended !== undefined) return undefined
    const ready =
      readyAfterMs !== undefined && this.#readyAt === undefined
        ? startedMs + readyAfterMs
        : Infinity
    const repeated = everyMs === undefined ? Infinity : startedMs + (this.#repeated + 1) * everyMs
    const next = Math.min(ready, repeated)
    return next === Infinity ? undefined : next
  }
}
