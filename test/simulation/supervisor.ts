import { asError, type Clock, type Log, type Random } from '#base'
import { SimulatedProcess } from '#simulation'

export interface Disturbable {
  readonly name: string
  /** A power cut; the program is started again after a while. */
  crash(): void
}

export interface SupervisorOptions<T> {
  readonly name: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  start(process: SimulatedProcess): Promise<T>
  /** The program is gone. */
  stopped?(): void
}

/** Keeps a program of the simulated cluster running: starts it, and again after each end. */
export class Supervisor<T> implements Disturbable {
  readonly name: string
  readonly #options: SupervisorOptions<T>
  #process: SimulatedProcess | undefined
  #running: T | undefined

  constructor(options: SupervisorOptions<T>) {
    this.name = options.name
    this.#options = options
    this.#start()
  }

  /** What `start` made, while it is up. */
  get running(): T | undefined {
    return this.#running
  }

  crash(): void {
    const { clock, random } = this.#options
    if (this.#process === undefined) return
    this.#process.crash()
    this.#process = undefined
    this.#running = undefined
    this.#options.stopped?.()
    clock.timer(restartMinMs + random.integer(restartSpreadMs), () => this.#start())
  }

  #start(): void {
    const { name, clock, log } = this.#options
    const process = new SimulatedProcess(name, clock)
    this.#process = process
    void this.#run(process).catch((error: unknown) => {
      if (process !== this.#process) return
      // A program that cannot start ends, as the real one does.
      log.debug('a program did not start', { name, error: asError(error) })
      this.crash()
    })
  }

  async #run(process: SimulatedProcess): Promise<void> {
    const running = await this.#options.start(process)
    if (process === this.#process) this.#running = running
  }
}

const restartMinMs = 1_000
const restartSpreadMs = 10_000
