import { asError } from '#base'
import { splitKey } from '#client'
import type { Answer, Listen, Listening } from './listen.ts'

export interface ServiceHealthOptions {
  readonly listen: Listen
  /** The node's addresses, at which load balancers ask. */
  readonly addresses: readonly string[]
  isHealthy(): boolean
  /** A port could not be opened; it is tried again with the next change of the Service. */
  failed(service: string, port: number, error: Error): void
}

interface Wanted {
  readonly port: number
  /** Endpoints of the Service that are ready on this node. */
  readonly endpoints: number
}

interface Served {
  readonly port: number
  readonly servers: readonly Listening[]
}

/**
 * Tells load balancers, at the health check node port of each Service of traffic policy Local, how
 * many of its endpoints are on this node.
 */
export class ServiceHealth implements AsyncDisposable {
  readonly #options: ServiceHealthOptions
  readonly #wanted = new Map<string, Wanted>()
  readonly #served = new Map<string, Served>()
  /** Ports are closed and opened one after another: one that moves to another Service is free then. */
  #work: Promise<void> = Promise.resolve()

  constructor(options: ServiceHealthOptions) {
    this.#options = options
  }

  /** What is true of a Service from now on; undefined: it has no such port. */
  set(service: string, wanted: Wanted | undefined): void {
    if (wanted === undefined) this.#wanted.delete(service)
    else this.#wanted.set(service, wanted)
    const isServed = this.#served.has(service)
    if (wanted === undefined && !isServed) return
    if (wanted !== undefined && this.#served.get(service)?.port === wanted.port) return
    this.#work = this.#work.then(() => this.#reconcile(service))
  }

  /** Resolves when the ports are those that are wanted. */
  settled(): Promise<void> {
    return this.#work
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#wanted.clear()
    for (const service of this.#served.keys()) {
      this.#work = this.#work.then(() => this.#reconcile(service))
    }
    await this.#work
  }

  async #reconcile(service: string): Promise<void> {
    const wanted = this.#wanted.get(service)
    const served = this.#served.get(service)
    if (served?.port === wanted?.port) return
    this.#served.delete(service)
    await Promise.all((served?.servers ?? []).map((server) => server.close()))
    if (wanted === undefined) return
    const servers: Listening[] = []
    try {
      for (const address of this.#options.addresses) {
        const handler = () => this.#answer(service)
        servers.push(await this.#options.listen(address, wanted.port, handler))
      }
      this.#served.set(service, { port: wanted.port, servers })
    } catch (error) {
      await Promise.all(servers.map((server) => server.close()))
      this.#options.failed(service, wanted.port, asError(error))
    }
  }

  #answer(service: string): Answer {
    const { namespace, name } = splitKey(service)
    const localEndpoints = this.#wanted.get(service)?.endpoints ?? 0
    const serviceProxyHealthy = this.#options.isHealthy()
    const body = { service: { namespace, name }, localEndpoints, serviceProxyHealthy }
    return {
      code: localEndpoints > 0 && serviceProxyHealthy ? 200 : 503,
      type: 'application/json',
      headers: { 'X-Load-Balancing-Endpoint-Weight': `${localEndpoints}` },
      text: JSON.stringify(body, undefined, '\t'),
    }
  }
}
