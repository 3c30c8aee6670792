/** Two looks closer to each other than this say nothing about how busy something is. */
const intervalMsMin = 1_000

interface Look {
  readonly atMs: number
  readonly cpuNs: number
  readonly nanoCores: number | undefined
}

/** How much CPU cgroups use, from what they had used when they were looked at before. */
export class CpuRates {
  #before = new Map<string, Look>()
  #now = new Map<string, Look>()

  /** Billionths of a CPU; undefined the first time. */
  rate(cgroup: string, cpuNs: number, atMs: number): number | undefined {
    const before = this.#before.get(cgroup)
    const elapsedMs = atMs - (before?.atMs ?? -Infinity)
    const look =
      before !== undefined && elapsedMs < intervalMsMin
        ? before
        : { atMs, cpuNs, nanoCores: before && rateOf(before, cpuNs, elapsedMs) }
    this.#now.set(cgroup, look)
    return look.nanoCores
  }

  /** All were looked at: those that were not are gone. */
  endRound(): void {
    this.#before = this.#now
    this.#now = new Map()
  }
}

/** A cgroup that was made anew begins at nothing. */
function rateOf(before: Look, cpuNs: number, elapsedMs: number): number {
  return Math.max(0, Math.round(((cpuNs - before.cpuNs) * 1000) / elapsedMs))
}
