import { isIP } from 'node:net'
import { checkServerIdentity } from 'node:tls'
import { Client, credentials, status, type ClientDuplexStream } from '@grpc/grpc-js'
import { fromJSON, type PackageDefinition } from '@grpc/proto-loader'
import type { Clock } from '#base'
import { etcdProtocol, type EtcdCalls, type EtcdStreams } from './etcd-protocol.ts'
import * as limits from './limits.ts'
import { StoreError } from './store.ts'

export interface EtcdEndpoints {
  /** `https://host:port`, or `http://host:port` for an etcd without TLS. */
  readonly endpoints: readonly string[]
  /** PEM texts: who signed the servers' certificates, and this client's own. */
  readonly tls?: EtcdTls | undefined
}

export interface EtcdTls {
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
}

/**
 * Calls to one of several etcd endpoints. When the one in use does not answer, the next is used
 * from then on. Every call has a deadline; errors are StoreErrors.
 */
export class EtcdConnection {
  readonly #clients: readonly Client[]
  readonly #clock: Clock
  #current = 0

  constructor({ endpoints, tls }: EtcdEndpoints, clock: Clock) {
    if (endpoints.length === 0) throw new StoreError('Unusable', 'no etcd endpoint is named')
    this.#clients = endpoints.map((endpoint) => clientFor(endpoint, tls))
    this.#clock = clock
  }

  call<M extends keyof EtcdCalls>(method: M, request: EtcdCalls[M][0]): Promise<EtcdCalls[M][1]> {
    const { path, requestSerialize, responseDeserialize } = methodOf(method)
    const at = this.#current
    return new Promise((resolve, reject) => {
      this.#client(at).makeUnaryRequest(
        path,
        requestSerialize,
        // The loader decodes into the shapes that `EtcdCalls` declares.
        (bytes) => responseDeserialize(bytes) as EtcdCalls[M][1],
        request,
        { deadline: this.#clock.now() + limits.etcdDeadlineMs },
        (error, response) => {
          if (error === null && response !== undefined) return resolve(response)
          const failure = storeErrorOf(error)
          if (failure.reason === 'Unavailable') this.#rotate(at)
          reject(failure)
        },
      )
    })
  }

  /** For calls that may be made twice: tries the endpoints in turn for about this long. */
  async read<M extends keyof EtcdCalls>(
    method: M,
    request: EtcdCalls[M][0],
    forMs = limits.etcdDeadlineMs,
  ): Promise<EtcdCalls[M][1]> {
    const giveUpAt = this.#clock.elapsed() + forMs
    for (
      let delayMs = limits.etcdRetryMs;
      ;
      delayMs = Math.min(delayMs * 2, limits.etcdRetryMaxMs)
    ) {
      try {
        return await this.call(method, request)
      } catch (error) {
        const mayPass = error instanceof StoreError && error.reason === 'Unavailable'
        const isLate = this.#clock.elapsed() + delayMs > giveUpAt
        if (!mayPass || isLate || this.#isClosed) throw error
        await this.#clock.sleep(delayMs)
      }
    }
  }

  /** A stream both ways, on the endpoint in use; `onEnd` tells how it ended, once. */
  stream<M extends keyof EtcdStreams>(
    method: M,
    onMessage: (message: EtcdStreams[M][1]) => void,
    onEnd: (error: StoreError) => void,
  ): ClientDuplexStream<EtcdStreams[M][0], EtcdStreams[M][1]> {
    const { path, requestSerialize, responseDeserialize } = methodOf(method)
    const at = this.#current
    const stream = this.#client(at).makeBidiStreamRequest<EtcdStreams[M][0], EtcdStreams[M][1]>(
      path,
      requestSerialize,
      (bytes) => responseDeserialize(bytes) as EtcdStreams[M][1],
    )
    let ended = false
    const end = (error: unknown) => {
      if (ended) return
      ended = true
      const failure = storeErrorOf(error)
      if (failure.reason === 'Unavailable') this.#rotate(at)
      onEnd(failure)
    }
    stream.on('data', onMessage)
    stream.on('error', end)
    stream.on('end', () => end(new Error('etcd ended the stream')))
    return stream
  }

  close(): void {
    this.#isClosed = true
    for (const client of this.#clients) client.close()
  }

  #isClosed = false

  #client(at: number): Client {
    const client = this.#clients[at]
    if (client === undefined || this.#isClosed) {
      throw new StoreError('Unavailable', 'the store is closed')
    }
    return client
  }

  #rotate(from: number): void {
    if (this.#current === from) this.#current = (from + 1) % this.#clients.length
  }
}

function clientFor(endpoint: string, tls: EtcdTls | undefined): Client {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw new StoreError('Unusable', `not an etcd endpoint (https://host:port): ${endpoint}`)
  }
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = url.port === '' ? '2379' : url.port
  const bytes = (text: string | undefined) => (text === undefined ? null : Buffer.from(text))
  const secured =
    url.protocol === 'https:'
      ? credentials.createSsl(bytes(tls?.ca), bytes(tls?.key), bytes(tls?.cert), {
          checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate),
        })
      : credentials.createInsecure()
  return new Client(`${url.hostname}:${port}`, secured, {
    // TLS has no server name for an address, and Node refuses to send one: send any other, as the
    // certificate is checked against the address above.
    ...(isIP(host) === 0 ? {} : { 'grpc.ssl_target_name_override': 'etcd' }),
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
    // What upstream's client uses: a connection that died silently is noticed.
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
    // The store rotates endpoints itself; gRPC's own waiting between attempts stays below that.
    'grpc.max_reconnect_backoff_ms': 2_000,
  })
}

const definition: PackageDefinition = fromJSON(etcdProtocol, {
  keepCase: true,
  longs: String,
  enums: String,
  defaults: true,
  arrays: true,
  objects: false,
})

function methodOf(name: keyof EtcdCalls | keyof EtcdStreams) {
  const [service = '', method = ''] = name.split('.')
  const found = definition[`etcdserverpb.${service}`]
  const methods = found !== undefined && !('format' in found) ? found : undefined
  const made = methods?.[method]
  if (made === undefined) throw new Error(`not in the protocol: ${name}`)
  return made
}

/** etcd's errors, told apart by status code and the words etcd uses. */
function storeErrorOf(cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  const message = cause instanceof Error ? cause.message : String(cause)
  const is = (text: string) => message.includes(text)
  if (is('has been compacted')) return new StoreError('Compacted', message, { cause })
  if (is('is a future revision')) return new StoreError('FutureRevision', message, { cause })
  if (is('lease not found')) return new StoreError('LeaseNotFound', message, { cause })
  if (is('database space exceeded')) return new StoreError('NoSpace', message, { cause })
  if (code === status.INVALID_ARGUMENT) return new StoreError('Invalid', message, { cause })
  return new StoreError('Unavailable', `etcd: ${message}`, { cause })
}
