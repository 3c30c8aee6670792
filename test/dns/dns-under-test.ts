import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { realClock, realRandom, silentLog } from '#base'
import { Informers } from '#client'
import { startCluster, type Cluster } from '#cluster'
import { startDns, type Dns, type DnsOptions } from '#dns'

export interface DnsUnderTest extends AsyncDisposable {
  readonly cluster: Cluster
  readonly dns: Dns
  readonly port: number
  /** c-ares, a client that we did not write. */
  readonly resolver: Resolver
}

/** The DNS of a cluster in this process, at a free port of loopback. */
export async function startTestDns(options: Partial<DnsOptions> = {}): Promise<DnsUnderTest> {
  await using stack = new AsyncDisposableStack()
  const cluster = stack.use(await startCluster({ apiOnly: true }))
  const services = { clock: realClock, random: realRandom, log: silentLog }
  const informers = stack.use(new Informers(cluster.client, services))
  const starting = startDns({
    ...services,
    informers,
    addresses: ['127.0.0.1'],
    port: 0,
    domain: 'cluster.local',
    serviceCidrs: ['10.43.0.0/16'],
    podCidrs: ['10.42.0.0/16'],
    forwardTo: [],
    ...options,
  })
  await informers.start()
  const dns = stack.use(await starting)
  const port = dns.listening[0]?.port ?? 0
  const resolver = new Resolver({ timeout: 3000, tries: 1 })
  resolver.setServers([`127.0.0.1:${port}`])
  const running = stack.move()
  return { cluster, dns, port, resolver, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

/** What a resolver does with a query that came over one of the transports. */
export type Behaviour = (query: Buffer, over: 'udp' | 'tcp') => readonly Buffer[]

/** A resolver at a free port of loopback that does as it is told; its queries are counted. */
export async function startTestResolver(behave: Behaviour) {
  const udp = createSocket('udp4')
  const queries: string[] = []
  const sockets = new Set<Socket>()
  const said = (query: Buffer, over: 'udp' | 'tcp') => {
    queries.push(over)
    return behave(query, over)
  }
  const tcp = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk) => {
      for (const reply of said(Buffer.from(chunk).subarray(2), 'tcp')) {
        socket.write(Buffer.concat([Buffer.from([reply.length >> 8, reply.length & 0xff]), reply]))
      }
    })
  })
  udp.on('message', (query, from) => {
    for (const reply of said(query, 'udp')) udp.send(reply, from.port, from.address)
  })
  tcp.listen(0, '127.0.0.1')
  await once(tcp, 'listening')
  const bound = tcp.address()
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0
  udp.bind(port, '127.0.0.1')
  await once(udp, 'listening')
  return {
    queries,
    address: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      const closed = Promise.all([once(udp, 'close'), once(tcp, 'close')])
      udp.close()
      tcp.close()
      await closed
    },
  }
}

/** A reply to a query, whose question stands before EDNS: addresses 192.0.2.1 and on. */
export function replyTo(query: Buffer, addresses: number, flags = 0x8180): Buffer {
  const end = questionEnd(query)
  const records = Array.from({ length: addresses }, (_, i) =>
    Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, i + 1]),
  )
  const reply = Buffer.concat([query.subarray(0, end), ...records])
  reply.writeUInt16BE(flags, 2)
  reply.writeUInt16BE(addresses, 6)
  reply.writeUInt32BE(0, 8)
  return reply
}

function questionEnd(query: Buffer): number {
  let at = 12
  while ((query[at] ?? 0) !== 0) at += 1 + (query[at] ?? 0)
  return at + 5
}

/** Sends bytes over TCP and collects what comes until the server ends. */
export async function overTcp(port: number, bytes: Buffer): Promise<Buffer> {
  const socket = connect(port, '127.0.0.1')
  socket.end(bytes)
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}
