import { asError, type Clock, type Log, type Random } from '#base'
import { runAsLeader, type Client } from '#client'
import type { ApiHandler } from '#apiserver'
import type { ControllerOptions } from '#controllers'
import type { Credential } from '#pki'
import type { SimulatedConnections } from '#simulation'
import { startComponents } from './components.ts'

export interface ControlPlaneOptions {
  readonly api: ApiHandler
  /** Acts as administrator; candidates renew their Lease with it. */
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly simulatedNodes: number
  readonly controllers: ControllerOptions
  /** As in ComponentsOptions. */
  readonly connections: SimulatedConnections
  readonly kubeletCa: Credential
  /** Other servers run on the same store: one of them at a time has the components. */
  readonly shared: boolean
  /** Names this server among them. */
  readonly identity: string
}

const retryMs = 2_000

/**
 * Runs scheduler and controllers beside a server's API for as long as it lives. A server that
 * shares its store waits until it is the leader, and is a candidate again when it lost the lead.
 */
export class ControlPlane implements AsyncDisposable {
  readonly #options: ControlPlaneOptions
  readonly #stopping = new AbortController()
  readonly #running: Promise<void>

  constructor(options: ControlPlaneOptions) {
    this.#options = options
    this.#running = this.#run()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { clock, random, log, client, shared, identity } = this.#options
    const { signal } = this.#stopping
    while (!signal.aborted) {
      try {
        if (!shared) await this.#work(signal)
        else {
          const lease = { namespace: 'kube-system', name: 'k8ts-control-plane' }
          const election = { clock, random, log, lease, identity }
          await runAsLeader(client, election, signal, (leading) => this.#work(leading))
        }
      } catch (error) {
        if (signal.aborted) return
        log.error('control plane components stopped and are started again', {
          error: asError(error),
        })
        await clock.sleep(retryMs, signal).catch(() => {})
      }
    }
  }

  async #work(signal: AbortSignal): Promise<void> {
    const components = await startComponents(this.#options)
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      else signal.addEventListener('abort', () => resolve(), { once: true })
    })
    await components[Symbol.asyncDispose]()
  }
}
