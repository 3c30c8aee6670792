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
  /** Each start is on a machine whose wall clock is wrong by up to this, either way. */
  readonly skewMaxMs?: number
  /** The signal fires when the program is told to end. */
  start(process: SimulatedProcess, signal: AbortSignal): Promise<T>
  /** Settles when the program has ended by itself; absent: it never does, and is not told to. */
  ended?(running: T): Promise<unknown>
  /** The program is gone. */
  stopped?(): void
}

/** Keeps a program of the simulated cluster running: starts it, and again after each end. */
export class Supervisor<T> implements Disturbable {
  readonly name: string
  readonly #options: SupervisorOptions<T>
  #process: SimulatedProcess | undefined
  #running: T | undefined
  #stopping = new AbortController()

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

  /** Tells it to end in good order; it is started again when it has. */
  stop(): void {
    this.#stopping.abort(new Error('the program is told to end'))
  }

  #start(): void {
    const { name, clock, log, random, skewMaxMs = 0 } = this.#options
    const skewMs = random.integer(2 * skewMaxMs + 1) - skewMaxMs
    const process = new SimulatedProcess(name, clock, skewMs)
    this.#process = process
    this.#stopping = new AbortController()
    void this.#run(process).catch((error: unknown) => {
      if (process !== this.#process) return
      // A program that cannot start ends, as the real one does.
      log.debug('a program did not start', { name, error: asError(error) })
      this.crash()
    })
  }

  async #run(process: SimulatedProcess): Promise<void> {
    const running = await this.#options.start(process, this.#stopping.signal)
    if (process !== this.#process) return
    this.#running = running
    if (this.#options.ended === undefined) return
    await this.#options.ended(running).catch(() => {})
    if (process === this.#process) this.crash()
  }
}

const restartMinMs = 1_000
const restartSpreadMs = 10_000
