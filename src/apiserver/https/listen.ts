import type { Server } from 'node:net'
import { asError } from '#base'
import { freePortAttemptsMax } from './limits.ts'

/** A port that could not be had on one of the hosts asked for; `code` is Node's (EADDRINUSE, …). */
export class ListenError extends Error {
  override readonly name = 'ListenError'
  readonly host: string
  readonly port: number
  readonly code: string | undefined

  constructor(host: string, port: number, cause: unknown) {
    const error = asError(cause)
    super(error.message, { cause })
    this.host = host
    this.port = port
    this.code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  }
}

export interface Listening<S extends Server> {
  readonly port: number
  readonly servers: readonly S[]
}

/**
 * Lets one server listen on each host, all on the same port. Of port 0 the system chooses on the
 * first host; where that one is taken on another, it chooses again. Rejects with a ListenError, and
 * then nothing listens.
 */
export async function listen<S extends Server>(
  { hosts, port }: { readonly hosts: readonly string[]; readonly port: number },
  create: () => S,
): Promise<Listening<S>> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await listenOnce(hosts, port, create)
    } catch (error) {
      const chance = port === 0 && error instanceof ListenError && error.code === 'EADDRINUSE'
      if (!chance || attempt === freePortAttemptsMax) throw error
    }
  }
}

async function listenOnce<S extends Server>(
  hosts: readonly string[],
  asked: number,
  create: () => S,
): Promise<Listening<S>> {
  const servers: S[] = []
  let port = asked
  try {
    for (const host of new Set(hosts)) {
      const server = create()
      port = await listenOn(server, host, port)
      servers.push(server)
    }
    return { port, servers }
  } catch (error) {
    await closeAll(servers)
    throw error
  }
}

function listenOn(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => reject(new ListenError(host, port, error))
    server.once('error', failed)
    server.listen({ host, port }, () => {
      server.off('error', failed)
      const address = server.address()
      resolve(address === null || typeof address === 'string' ? port : address.port)
    })
  })
}

/** Takes no more connections; resolves when the last one is gone. */
export async function closeAll(servers: readonly Server[]): Promise<void> {
  await Promise.all(
    servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
  )
}
