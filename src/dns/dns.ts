import { asError, withTimeout, type Clock, type Log, type Random } from '#base'
import type { Informers } from '#client'
import { parseIp } from '#machinery'
import { DnsError } from './error.ts'
import type { Exchange } from './forward/exchange.ts'
import { Forwarder } from './forward/forwarder.ts'
import { parseResolvers } from './forward/resolvers.ts'
import { firstListMs } from './limits.ts'
import { Metrics } from './metrics.ts'
import { followObjects } from './records/follow.ts'
import { zonesOf } from './records/zones.ts'
import { createResponder } from './server/responder.ts'
import { listen, type Listening } from './server/listen.ts'

export interface DnsOptions {
  /**
   * Shared with other components. The server asks for Services, EndpointSlices and Namespaces;
   * started before or after, it is the caller who starts them, and who stops them afterwards.
   */
  readonly informers: Informers
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** To answer at, over UDP and TCP, such as 10.43.0.10. */
  readonly addresses: readonly string[]
  /** 53; with 0 each address has a free one. */
  readonly port: number
  /** Of the cluster, such as cluster.local. */
  readonly domain: string
  /** Addresses in these are looked up backwards in the cluster, and nowhere else. */
  readonly serviceCidrs: readonly string[]
  readonly podCidrs: readonly string[]
  /** Resolvers for all other names, in order, such as 192.0.2.1 or [2001:db8::1]:53. */
  readonly forwardTo: readonly string[]
  /** Instead of sockets, for the way to other resolvers. */
  readonly exchange?: Exchange
  /** Ends the start; disposal ends what was started. */
  readonly signal?: AbortSignal
}

export interface Dns extends AsyncDisposable {
  readonly listening: readonly Listening[]
  /** The exposition format of Prometheus. */
  metrics(): string
}

/**
 * The cluster's DNS, as the Kubernetes DNS specification says it (version 1.1.0), with forwarding
 * for all names that are not the cluster's. Resolves when it listens and knows the cluster's
 * objects. Where that takes long it answers before, of the cluster that it cannot say yet, so that
 * names elsewhere do not depend on the API server; but not at once, as others may be answering.
 *
 * Rejects with a DnsError, InvalidOptions or ListenFailed, or as the informers do when they are
 * stopped; nothing is left then. Without resolvers, other names end in server failures.
 */
export async function startDns(options: DnsOptions): Promise<Dns> {
  const { clock, random, log, addresses, port, signal } = options
  const zones = zonesOf(options.domain, [...options.serviceCidrs, ...options.podCidrs])
  if (addresses.length === 0) {
    throw new DnsError('InvalidOptions', 'addresses: name one at least, such as 10.43.0.10')
  }
  const own = addresses.map(addressOf)
  const resolvers = parseResolvers(options.forwardTo, { addresses, port })
  signal?.throwIfAborted()
  const exchange =
    options.exchange ?? (await import('./forward/exchange-sockets.ts')).socketExchange(random)
  const metrics = new Metrics(port)
  const forwarder = new Forwarder({ resolvers, exchange, clock, log, metrics })
  await using stack = new AsyncDisposableStack()
  stack.defer(() => forwarder.stop())
  const objects = followObjects(options.informers, clock)
  stack.defer(() => objects.stop())
  const respond = createResponder({
    cluster: { zones, index: objects.index, addresses: own, random },
    forwarder,
    metrics,
    log,
    synced: () => objects.synced,
  })
  const synced = objects.whenSynced(signal)
  await withTimeout(clock, synced, firstListMs, 'objects of the cluster').catch(() => {})
  signal?.throwIfAborted()
  const listening: Listening[] = []
  for (const address of addresses) {
    const listener = await listen(address, port, { clock, log, respond }).catch(
      (cause: unknown) => {
        const message = `DNS cannot listen at ${address} port ${port}: ${asError(cause).message}`
        throw new DnsError('ListenFailed', message, { cause })
      },
    )
    stack.use(listener)
    listening.push({ address, port: listener.port })
  }
  await synced
  const running = stack.move()
  return {
    listening,
    metrics: () => metrics.text(),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

function addressOf(text: string): Uint8Array {
  const bytes = parseIp(text)
  if (bytes === undefined) {
    throw new DnsError('InvalidOptions', `addresses: ${text} is not an IP address`)
  }
  return Uint8Array.from(bytes)
}
