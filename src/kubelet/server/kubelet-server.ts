import { asError, type Clock, type Log } from '#base'
import { KubeletError } from '../error.ts'
import { serveHttp, type HttpServer, type TlsMaterial } from './http-server.ts'
import { KubeletApi } from './kubelet-api.ts'
import { limits } from './limits.ts'
import type { ServedNode } from './served-node.ts'

/** Where the kubelet's server gets its certificate, which may change, or not be there yet. */
export interface ServingCertificate {
  /** PEM. */
  current(): { readonly certificate: string; readonly key: string } | undefined
  /** Calls back after each change, until the result is called. */
  watch(changed: () => void): () => void
}

export interface KubeletServerOptions {
  /** An address of this machine; 0.0.0.0 and :: are all of them. */
  readonly host: string
  /** Upstream's 10250. */
  readonly port: number
  readonly certificate: ServingCertificate
  /** PEM of the CA of clients' certificates. */
  readonly clientCa: string
}

/**
 * The kubelet's server. It listens as soon as there is a certificate, and takes each new one for the
 * connections that begin then.
 */
export class KubeletServer {
  readonly #options: KubeletServerOptions
  readonly #api: KubeletApi
  readonly #clock: Clock
  readonly #log: Log
  readonly #stopping = new AbortController()
  #server: HttpServer | undefined
  #unwatch: (() => void) | undefined
  #starting: Promise<void> | undefined

  constructor(options: KubeletServerOptions, node: ServedNode) {
    this.#options = options
    this.#clock = node.clock
    this.#log = node.log
    this.#api = new KubeletApi(node, options.clientCa)
  }

  /** The port that clients are to use: the one listened on, or to be listened on. */
  get port(): number {
    return this.#server?.port ?? this.#options.port
  }

  /**
   * Resolves when it listens, or waits for a certificate. Rejects with a KubeletError Unusable when
   * the port cannot be had or the certificate cannot be used.
   */
  async start(): Promise<void> {
    const { certificate, host, port } = this.#options
    this.#unwatch = certificate.watch(() => this.#changed())
    const material = certificate.current()
    if (material === undefined) {
      this.#log.info("the kubelet's server waits for its certificate")
      return
    }
    try {
      await this.#listen(material)
    } catch (cause) {
      const why = asError(cause).message
      const message = `the kubelet's server cannot listen on ${host} port ${port}: ${why}`
      throw new KubeletError('Unusable', message, { cause })
    }
  }

  async stop(): Promise<void> {
    this.#unwatch?.()
    this.#stopping.abort()
    await this.#starting
    await this.#server?.stop()
  }

  #changed(): void {
    const material = this.#options.certificate.current()
    if (material === undefined || this.#stopping.signal.aborted) return
    if (this.#server === undefined) {
      this.#starting ??= this.#keepTrying().finally(() => {
        this.#starting = undefined
      })
      return
    }
    try {
      this.#server.use(material)
    } catch (error) {
      const { message } = asError(error)
      this.#log.error("the kubelet's new certificate cannot be used", { error: message })
    }
  }

  /** The node is registered already: a port that is taken is no reason to leave its pods alone. */
  async #keepTrying(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted && this.#server === undefined) {
      const material = this.#options.certificate.current()
      if (material === undefined) return
      try {
        await this.#listen(material)
      } catch (error) {
        const { message } = asError(error)
        this.#log.error("the kubelet's server cannot listen", { error: message })
        await this.#clock.sleep(limits.listenRetryMs, signal).catch(() => {})
      }
    }
  }

  async #listen(material: TlsMaterial): Promise<void> {
    const { host, port, clientCa } = this.#options
    this.#server = await serveHttp({
      ...material,
      host,
      port,
      clientCa,
      log: this.#log,
      serve: (request) => this.#api.serve(request),
      begin: (method, path) => this.#api.requests.begin(method, path),
    })
    // It may have changed while the server started.
    const now = this.#options.certificate.current()
    if (now !== undefined && now.certificate !== material.certificate) this.#server.use(now)
    this.#log.info("the kubelet's server listens", { host, port: this.#server.port })
  }
}
