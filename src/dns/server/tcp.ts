import { once } from 'node:events'
import { createServer, isIPv6, type Server, type Socket } from 'node:net'
import { asError, type Clock, type Log } from '#base'
import { tcp as limits } from '../limits.ts'
import { Framing, framed } from '../wire/framing.ts'
import type { Responder } from './responder.ts'

export interface TcpOptions {
  readonly clock: Clock
  readonly log: Log
  readonly respond: Responder
}

/** Answers on connections at an address. Rejects with the system's error when it cannot be had. */
export async function listenTcp(
  address: string,
  port: number,
  options: TcpOptions,
): Promise<AsyncDisposable & { readonly server: Server }> {
  const open = new Map<Socket, Promise<void>>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const serving = serve(socket, options, isIPv6(address) ? 6 : 4)
      .catch((error: unknown) =>
        options.log.debug('a DNS connection failed', { error: asError(error).message }),
      )
      .finally(() => {
        socket.destroy()
        open.delete(socket)
      })
    open.set(socket, serving)
  })
  server.maxConnections = limits.connectionsMax
  server.listen({ host: address, port, exclusive: true, ipv6Only: true })
  await once(server, 'listening')
  server.on('error', (error) =>
    options.log.error('a DNS listener failed', { error: error.message }),
  )
  return {
    server,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of open.keys()) socket.destroy()
      await Promise.all([closed, ...open.values()])
    },
  }
}

/**
 * Answers as they are ready, not in the order of the questions (RFC 7766), until the client ends
 * or has nothing to ask for a while.
 */
async function serve(socket: Socket, { clock, respond }: TcpOptions, family: 4 | 6) {
  const framing = new Framing()
  const closed = new AbortController()
  socket.once('close', () => closed.abort())
  // Whoever reads it is told; after that, nobody needs to be.
  socket.on('error', () => closed.abort())
  const pending = new Set<Promise<void>>()
  const expire = () => clock.timer(limits.idleMs, () => socket.destroy(), { unref: true })
  let idle = expire()
  const answer = async (query: Uint8Array) => {
    const reply = await respond(query, { proto: 'tcp', family })
    if (reply === undefined || socket.destroyed) return
    if (socket.write(framed(reply))) return
    // A client that does not read has no more of its questions read, and is idle in the end.
    await once(socket, 'drain', { signal: closed.signal }).catch(() => {})
  }
  try {
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      for (const query of framing.push(chunk)) {
        idle.cancel()
        idle = expire()
        if (pending.size >= limits.pipelineMax) await Promise.race(pending)
        const work = answer(query).finally(() => pending.delete(work))
        pending.add(work)
      }
    }
    await Promise.all(pending)
    socket.end()
  } finally {
    idle.cancel()
    await Promise.allSettled(pending)
  }
}
