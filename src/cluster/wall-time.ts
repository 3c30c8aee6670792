import type { Clock } from '#base'

/** Timers of the platform end at 24.8 days, and wall time may be set while one runs. */
const lookAgainMs = 12 * 60 * 60_000

/** Waits until a wall time, however far; rejects with the signal's reason when that fires first. */
export async function sleepUntil(clock: Clock, atMs: number, signal: AbortSignal): Promise<void> {
  for (;;) {
    const leftMs = atMs - clock.now()
    if (leftMs <= 0) return
    await clock.sleep(Math.min(leftMs, lookAgainMs), signal)
  }
}
