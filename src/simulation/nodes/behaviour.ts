/**
 * How a simulated pod behaves beyond the usual (start at once, be ready at once, run until told to
 * stop), by annotations on the pod. Times are Go durations without units smaller than
 * milliseconds: 500ms, 2s, 1m30s. What cannot be read is as if absent.
 */
import { parseDurationMs } from '#machinery'

export const annotations = {
  /** From being bound until the containers run. */
  startDelay: 'simulation.k8ts.dev/start-delay',
  /** From running until ready. */
  readyDelay: 'simulation.k8ts.dev/ready-delay',
  /** Never ready: `true`. */
  neverReady: 'simulation.k8ts.dev/never-ready',
  /** From running until the containers end by themselves. */
  exitAfter: 'simulation.k8ts.dev/exit-after',
  /** What they end with; 0 where absent. */
  exitCode: 'simulation.k8ts.dev/exit-code',
  /** From being told to stop until gone; no longer than the grace period. */
  stopDelay: 'simulation.k8ts.dev/stop-delay',
  /** How often a running container says a line in its log; never where absent. */
  logEvery: 'simulation.k8ts.dev/log-every',
  /** What that line says, before its number. */
  logLine: 'simulation.k8ts.dev/log-line',
} as const

export interface Behaviour {
  readonly startDelayMs: number
  readonly readyDelayMs: number
  readonly neverReady: boolean
  readonly exitAfterMs: number | undefined
  readonly exitCode: number
  readonly stopDelayMs: number
  readonly logEveryMs: number | undefined
  readonly logLine: string
}

const usual: Behaviour = {
  startDelayMs: 0,
  readyDelayMs: 0,
  neverReady: false,
  exitAfterMs: undefined,
  exitCode: 0,
  stopDelayMs: 0,
  logEveryMs: undefined,
  logLine: 'line',
}

export function behaviourOf(given: Readonly<Record<string, string>> | undefined): Behaviour {
  if (given === undefined) return usual
  const logEveryMs = durationMs(given[annotations.logEvery]) ?? 0
  const code = Number(given[annotations.exitCode] ?? '0')
  return {
    startDelayMs: durationMs(given[annotations.startDelay]) ?? 0,
    readyDelayMs: durationMs(given[annotations.readyDelay]) ?? 0,
    neverReady: given[annotations.neverReady] === 'true',
    exitAfterMs: durationMs(given[annotations.exitAfter]),
    exitCode: Number.isInteger(code) && code >= 0 && code <= 255 ? code : 0,
    stopDelayMs: durationMs(given[annotations.stopDelay]) ?? 0,
    logEveryMs: logEveryMs > 0 ? logEveryMs : undefined,
    logLine: given[annotations.logLine] ?? usual.logLine,
  }
}

function durationMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  try {
    return Math.max(0, parseDurationMs(text))
  } catch {
    return undefined
  }
}
