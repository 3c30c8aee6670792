import { asError } from '#base'
import { WorkQueue, type Client, type EventRecorder, type Informers } from '#client'
import { hasReason } from '#machinery'
import type { Clock, Log, Random } from '#base'
import type { Controller, ControllerContext, Reconcile } from './controller.ts'
import { ControllerMetrics } from './metrics.ts'

/** What all controllers of a process share, and what is made for each. */
export interface ControllerServices {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** One informer a kind for all controllers. */
  readonly informers: Informers
  /**
   * A client that acts as this service account of kube-system; undefined: as the controller
   * manager (system:kube-controller-manager).
   */
  clientFor(account: string | undefined): Client
  /** A recorder whose events name this component. */
  eventsFor(component: string): EventRecorder
}

/** Controllers that run. */
export interface RunningControllers {
  readonly metrics: ControllerMetrics
  /** All of them have seen the present state. */
  whenSynced(): Promise<void>
  /** Takes no more keys, lets what is being reconciled end, and resolves then. Idempotent. */
  stop(): Promise<void>
}

const defaultWorkers = 5
/** A key that keeps failing is still tried, at the pace of the last back-off. */
const noisyRetries = 5

/** Sets all controllers up, syncs what they watch, and runs them until `stop`. */
export function runControllers(
  controllers: readonly Controller[],
  services: ControllerServices,
): RunningControllers {
  const metrics = new ControllerMetrics()
  const stopping = new AbortController()
  const running = controllers.map(
    (controller) => new Running(controller, services, metrics, stopping.signal),
  )
  const synced = Promise.all(running.map((one) => one.synced))
  // Whoever wants to know awaits it; a stop before that is no unhandled failure.
  synced.catch(() => {})
  let stopped: Promise<void> | undefined
  return {
    metrics,
    whenSynced: async () => {
      await synced
    },
    stop: () =>
      (stopped ??= (async () => {
        stopping.abort()
        await Promise.all(running.map((one) => one.stop()))
      })()),
  }
}

class Running {
  readonly synced: Promise<void>
  readonly #controller: Controller
  readonly #log: Log
  readonly #queue: WorkQueue
  readonly #reconcile: Reconcile
  readonly #metrics: ControllerMetrics
  readonly #signal: AbortSignal
  readonly #endHandlers: (() => void)[] = []
  readonly #workers: Promise<void>

  constructor(
    controller: Controller,
    services: ControllerServices,
    metrics: ControllerMetrics,
    signal: AbortSignal,
  ) {
    const { clock, random, informers } = services
    this.#controller = controller
    this.#metrics = metrics
    this.#signal = signal
    this.#log = services.log.with({ controller: controller.name })
    this.#queue = new WorkQueue({ clock, metrics: metrics.ofQueue(controller.name) })
    const syncing: Promise<void>[] = []
    const context: ControllerContext = {
      client: services.clientFor(controller.account),
      events: services.eventsFor(controller.component ?? controller.name),
      clock,
      random,
      log: this.#log,
      queue: this.#queue,
      watch: (resource, keys, options = {}) => {
        const { relevant, observe, ...informerOptions } = options
        const informer = informers.of(resource, informerOptions)
        const add = (object: Parameters<typeof keys>[0]) => {
          for (const key of keys(object)) this.#queue.add(key)
        }
        this.#endHandlers.push(
          informer.addHandler({
            added: (object) => {
              observe?.added?.(object)
              add(object)
            },
            updated: (object, old) => {
              observe?.updated?.(object, old)
              if (relevant?.(object, old) === false) return
              add(object)
              add(old)
            },
            deleted: (object) => {
              observe?.deleted?.(object)
              add(object)
            },
          }),
        )
        const synced = informer.whenSynced(signal)
        // What is watched later, while it runs, is awaited by nobody.
        synced.catch(() => {})
        syncing.push(synced)
        return informer
      },
      lister: (resource) => {
        const informer = informers.of(resource)
        syncing.push(informer.whenSynced(signal))
        return informer.lister
      },
    }
    this.#reconcile = controller.setup(context)
    this.synced = Promise.all(syncing).then(() => {})
    this.#workers = this.#work()
  }

  async stop(): Promise<void> {
    for (const end of this.#endHandlers) end()
    await this.#queue.shutDown()
    await this.#workers
  }

  async #work(): Promise<void> {
    try {
      await this.synced
    } catch (error) {
      if (!this.#signal.aborted)
        this.#log.error('controller did not start', { error: asError(error) })
      await this.#discard()
      return
    }
    const workers = Array.from({ length: this.#controller.workers ?? defaultWorkers }, () =>
      this.#worker(),
    )
    await Promise.all(workers)
  }

  /** Keys that nobody will work on; the queue's end waits for them. */
  async #discard(): Promise<void> {
    for (;;) {
      const key = await this.#queue.next()
      if (key === undefined) return
      this.#queue.done(key)
    }
  }

  async #worker(): Promise<void> {
    for (;;) {
      const key = await this.#queue.next()
      if (key === undefined) return
      // What still waits at a shutdown is for the next leader.
      if (!this.#signal.aborted) await this.#process(key)
      this.#queue.done(key)
    }
  }

  async #process(key: string): Promise<void> {
    const { name } = this.#controller
    try {
      const outcome = await this.#reconcile(key, this.#signal)
      this.#queue.forget(key)
      this.#metrics.reconciled(name, 'success')
      const again = outcome?.againAfterMs
      if (again !== undefined) this.#queue.addAfter(key, again)
    } catch (error) {
      this.#metrics.reconciled(name, 'error')
      if (this.#signal.aborted) return
      const expected = hasReason(error, 'Conflict')
      if (!expected || this.#queue.retries(key) >= noisyRetries) {
        this.#log.warn('reconcile failed and is tried again', { key, error: asError(error) })
      }
      this.#queue.addRateLimited(key)
    }
  }
}
