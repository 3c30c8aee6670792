import { asError, must, type Clock, type Log, type Timer } from '#base'
import { EndpointSlice, Endpoints } from '#api'
import { isIpv4, parseIp } from '#machinery'
import { prefixEnd, type LeaseId, type Store } from '#store'
import type { SystemClient } from './system-client.ts'

/** Where an API server is reached. */
export interface Advertised {
  readonly address: string
  readonly port: number
}

/** Upstream's place for the addresses of live API servers. */
const prefix = '/registry/masterleases/'
/** Upstream's: a server that has not been heard of for this long is out of the endpoints. */
const ttlSeconds = 15
const renewMs = 10_000

/**
 * Keeps the endpoints of the `kubernetes` Service: the addresses of all API servers that are alive.
 * Servers that share a store tell each other by a key under a lease; a server that has its store to
 * itself is all there is.
 */
export class ApiEndpoints {
  readonly #client: SystemClient
  readonly #store: Store
  readonly #clock: Clock
  readonly #log: Log
  readonly #shared: boolean
  #own: Advertised | undefined
  #lease: LeaseId | undefined
  #timer: Timer | undefined
  #stopped = false

  constructor(options: {
    readonly client: SystemClient
    readonly store: Store
    readonly clock: Clock
    readonly log: Log
    readonly shared: boolean
  }) {
    this.#client = options.client
    this.#store = options.store
    this.#clock = options.clock
    this.#log = options.log
    this.#shared = options.shared
  }

  /** Announces this server from now on. */
  async start(own: Advertised): Promise<void> {
    this.#own = own
    if (!this.#shared) return this.#publish([own.address], own.port)
    await this.#announce()
    await this.#reconcile()
    this.#schedule()
  }

  /** Takes this server out of the endpoints, if others can serve instead. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    if (!this.#shared || this.#own === undefined || this.#lease === undefined) return
    await this.#store.revokeLease(this.#lease)
    const others = await this.#alive()
    if (others.length > 0) await this.#publish(others, this.#own.port)
  }

  #schedule(): void {
    this.#timer = this.#clock.timer(renewMs, () => void this.#renew(), { unref: true })
  }

  async #renew(): Promise<void> {
    try {
      await this.#announce()
      await this.#reconcile()
    } catch (error) {
      this.#log.warn('endpoints of the API server were not renewed', { error: asError(error) })
    }
    if (!this.#stopped) this.#schedule()
  }

  /** Renews the lease; where it has run out meanwhile, a new one. */
  async #announce(): Promise<void> {
    if (this.#lease !== undefined) {
      try {
        await this.#store.renewLease(this.#lease)
        return
      } catch {
        // Expired while the store was out of reach: announced anew below.
        this.#lease = undefined
      }
    }
    const { address } = must(this.#own, 'endpoints are announced after start')
    this.#lease = await this.#store.grantLease(ttlSeconds)
    const key = `${prefix}${address}`
    const { records } = await this.#store.range({ start: key, end: prefixEnd(key) })
    const modRevision = records.find((record) => record.key === key)?.modRevision ?? 0
    const value = Buffer.from(
      JSON.stringify({
        kind: 'Endpoints',
        apiVersion: 'v1',
        subsets: [{ addresses: [{ ip: address }] }],
      }),
    )
    // A refusal means that another server of this address has just announced it: as good.
    await this.#store.txn({
      compare: [{ key, modRevision }],
      ops: [{ type: 'put', key, value, lease: this.#lease }],
    })
  }

  async #reconcile(): Promise<void> {
    const { port } = must(this.#own, 'endpoints are reconciled after start')
    await this.#publish(await this.#alive(), port)
  }

  async #alive(): Promise<string[]> {
    const { records } = await this.#store.range({ start: prefix, end: prefixEnd(prefix) })
    return records.map(({ key }) => key.slice(prefix.length)).sort()
  }

  /** The Endpoints and their mirror as a slice; what stands as it should is not written. */
  async #publish(addresses: readonly string[], port: number): Promise<void> {
    const namespace = 'default'
    const ports = [{ name: 'https', port, protocol: 'TCP' }]
    await Promise.all([
      this.#client.put(Endpoints, {
        metadata: {
          name: 'kubernetes',
          namespace,
          labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' },
        },
        subsets: [{ addresses: addresses.map((ip) => ({ ip })), ports }],
      }),
      this.#client.put(EndpointSlice, {
        metadata: {
          name: 'kubernetes',
          namespace,
          labels: { 'kubernetes.io/service-name': 'kubernetes' },
        },
        addressType: addressType(addresses[0] ?? ''),
        endpoints: addresses.map((address) => ({
          addresses: [address],
          conditions: { ready: true },
        })),
        ports,
      }),
    ])
  }
}

function addressType(address: string): 'IPv4' | 'IPv6' {
  return isIpv4(must(parseIp(address), 'an advertised address is an address')) ? 'IPv4' : 'IPv6'
}
