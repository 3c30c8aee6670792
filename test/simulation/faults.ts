import type { Random, VirtualClock } from '#base'
import { calmNetwork, type SimulatedNetwork } from '#simulation'
import type { SimulatedDisk } from '../../src/store/testing/simulated-disk.ts'
import type { Disturbable } from './supervisor.ts'

export interface FaultOptions {
  readonly clock: VirtualClock
  readonly random: Random
  readonly network: SimulatedNetwork
  readonly disk: SimulatedDisk
  /** How slow the disk is now. */
  readonly diskSpeed: { latencyMaxMs: number }
  /** The programs, to be killed; their supervisors start them again. */
  readonly programs: readonly Disturbable[]
  /** Programs of which others wait to take over. */
  readonly candidates: readonly Candidate[]
  /** Lost nodes come back only by `heal`. */
  readonly nodes: { kill(name: string): void; revive(name: string): void; names: readonly string[] }
}

export interface Candidate extends Disturbable {
  readonly leads: boolean
  /** Told to end in good order, it hands its lead on. */
  stop(): void
}

export const usualLatencyMs = 2

/** What goes wrong, drawn from a seed; each thing for a while, several at once. */
export class Faults {
  readonly #options: FaultOptions
  readonly #dead = new Set<string>()

  constructor(options: FaultOptions) {
    this.#options = options
  }

  /** Lets something go wrong, and returns what. */
  step(): string {
    const { random, clock, network, disk, diskSpeed, programs, nodes } = this.#options
    switch (random.integer(12)) {
      case 0: {
        network.faults = {
          delayMaxMs: random.integer(500),
          lostRequestRate: random.fraction() * 0.1,
          lostReplyRate: random.fraction() * 0.1,
          refusedRate: random.fraction() * 0.2,
          conflictRate: random.fraction() * 0.1,
          watchDelayMaxMs: random.integer(3_000),
          watchCutRate: random.fraction() * 0.05,
        }
        return `network ${JSON.stringify(network.faults)}`
      }
      case 1:
        network.faults = calmNetwork
        return 'network well again'
      case 2: {
        diskSpeed.latencyMaxMs = random.integer(2) === 0 ? usualLatencyMs : random.integer(1_000)
        return `disk takes ${diskSpeed.latencyMaxMs} ms`
      }
      case 3: {
        disk.freeBytes = random.integer(20_000)
        clock.timer(random.integer(60_000), () => {
          disk.freeBytes = Infinity
        })
        return 'disk nearly full'
      }
      case 4: {
        const byMs = random.integer(2 * clockJumpMaxMs) - clockJumpMaxMs
        clock.jumpWallTime(byMs)
        return `wall clock jumps by ${byMs} ms`
      }
      case 5: {
        const name = nodes.names[random.integer(Math.max(1, nodes.names.length))]
        if (name === undefined) return 'no node to lose'
        this.#dead.add(name)
        nodes.kill(name)
        return `${name} lost`
      }
      case 6: {
        const [name] = this.#dead
        if (name === undefined) return 'no node to revive'
        this.#dead.delete(name)
        nodes.revive(name)
        return `${name} back`
      }
      case 7:
      case 8: {
        const program = programs[random.integer(programs.length)]
        program?.crash()
        return `${program?.name} crashed`
      }
      default:
        return this.#changeLeader()
    }
  }

  /** Mostly of one that leads; now and then of one that waits, and of both. */
  #changeLeader(): string {
    const { random, clock, network, candidates } = this.#options
    const leaders = candidates.filter(({ leads }) => leads)
    const among = leaders.length === 0 || random.integer(4) === 0 ? candidates : leaders
    const candidate = among[random.integer(among.length)]
    if (candidate === undefined) return 'nobody to replace'
    const { name } = candidate
    switch (random.integer(3)) {
      case 0:
        candidate.crash()
        return `${name} crashed`
      case 1:
        candidate.stop()
        return `${name} told to end`
      default: {
        const forMs = random.integer(separationMaxMs)
        network.separate(name)
        clock.timer(forMs, () => network.join(name))
        return `${name} separated for ${forMs} ms`
      }
    }
  }

  /** From now on nothing goes wrong. */
  heal(): void {
    const { network, disk, diskSpeed, nodes } = this.#options
    network.faults = calmNetwork
    diskSpeed.latencyMaxMs = usualLatencyMs
    disk.freeBytes = Infinity
    for (const name of network.separated) network.join(name)
    for (const name of this.#dead) nodes.revive(name)
    this.#dead.clear()
  }
}

const clockJumpMaxMs = 5 * 60_000
const separationMaxMs = 60_000
