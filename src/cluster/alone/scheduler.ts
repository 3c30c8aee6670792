import { Node, Pod } from '#api'
import { Informers } from '#client'
import { defaultSchedulerName, startScheduler, type Scheduler } from '#scheduler'
import {
  startComponent,
  type Component,
  type ComponentOptions,
  type ComponentServices,
  type Prepared,
} from './component.ts'

/**
 * Runs the scheduler in this process against any Kubernetes API server, as kube-scheduler does. It
 * needs what the ClusterRole system:kube-scheduler allows. Rejects with a ClusterError.
 */
export function startSchedulerAlone(options: ComponentOptions): Promise<Component> {
  return startComponent(options, {
    name: 'kube-scheduler',
    eventSource: defaultSchedulerName,
    prepare: (services) => new AloneScheduler(services),
  })
}

class AloneScheduler implements Prepared {
  readonly #services: ComponentServices
  readonly #informers: Informers
  #synced = false
  #scheduler: Scheduler | undefined

  constructor(services: ComponentServices) {
    this.#services = services
    this.#informers = new Informers(services.client, services)
    // Who waits for the lead follows, too, and need not read everything when it comes to lead.
    this.#informers.of(Pod)
    this.#informers.of(Node)
    this.#informers.start().then(
      () => (this.#synced = true),
      () => {},
    )
  }

  unready(): string | undefined {
    return this.#synced ? undefined : 'pods and nodes are not known yet'
  }

  metrics(): string {
    return this.#scheduler?.metrics() ?? ''
  }

  async work(signal: AbortSignal): Promise<void> {
    const stopped = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    const { broadcaster: events, ...services } = this.#services
    await using scheduler = startScheduler({
      ...services,
      client: services.client.until(signal),
      informers: this.#informers,
      events,
    })
    this.#scheduler = scheduler
    await Promise.race([stopped, scheduler.ended])
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#informers[Symbol.asyncDispose]()
  }
}
