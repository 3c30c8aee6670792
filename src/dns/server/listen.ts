import { once } from 'node:events'
import { listenTcp, type TcpOptions } from './tcp.ts'
import { listenUdp } from './udp.ts'

export interface Listening {
  readonly address: string
  readonly port: number
}

/** For a port of UDP that is free of TCP too: others may take one between. */
const freePortTries = 20

/** Answers at the same port of UDP and TCP. Rejects with the system's error, and nothing is left. */
export async function listen(
  address: string,
  port: number,
  options: TcpOptions,
): Promise<AsyncDisposable & { readonly port: number }> {
  for (let tries = 1; ; tries++) {
    const udp = await listenUdp(address, port, options.respond, options.log)
    const closeUdp = async () => {
      const closed = once(udp, 'close')
      udp.close()
      await closed
    }
    try {
      const chosen = udp.address().port
      const tcp = await listenTcp(address, chosen, options)
      return {
        port: chosen,
        async [Symbol.asyncDispose]() {
          await Promise.all([closeUdp(), tcp[Symbol.asyncDispose]()])
        },
      }
    } catch (error) {
      await closeUdp()
      const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
      if (port !== 0 || !isTaken || tries === freePortTries) throw error
    }
  }
}
