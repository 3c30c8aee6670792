import { asError, realClock, seededRandom } from '#base'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import type { BytePipe } from '../byte-pipe.ts'
import { socketPipe } from '../socket-pipe.ts'
import type { UpgradeContext, UpgradeTarget } from '../upgrade-client.ts'
import type { UpgradeRequest } from '../upgrade-server.ts'

export const ctx: UpgradeContext = { clock: realClock, random: seededRandom(1) }

export interface Loopback extends AsyncDisposable {
  readonly port: number
  target(carriers: UpgradeTarget['carriers'], path?: string): UpgradeTarget
  /** What the handlers threw. */
  readonly failures: readonly Error[]
}

/** An HTTP server on loopback that hands every upgrade to `serve`. */
export async function listen(
  serve: (request: UpgradeRequest, path: string) => Promise<void>,
): Promise<Loopback> {
  const failures: Error[] = []
  const server = createServer((_, response) => {
    response.statusCode = 404
    response.end('nothing here')
  })
  server.on('upgrade', ({ headers, url }, socket, head) => {
    serve({ headers, socket, head }, url ?? '').catch((error: unknown) => {
      failures.push(asError(error))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    failures,
    target: (carriers, path = '/') => ({
      dial: () => dial(port),
      host: `127.0.0.1:${port}`,
      path,
      carriers,
    }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function dial(port: number) {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  await new Promise((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  return socket
}

/** Two ends of one TCP connection. */
export async function pipePair(): Promise<AsyncDisposable & { one: BytePipe; other: BytePipe }> {
  const { createServer: createTcpServer } = await import('node:net')
  const server = createTcpServer({ allowHalfOpen: true })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const accepted = new Promise<BytePipe>((resolve) => {
    server.once('connection', (socket) => resolve(socketPipe(socket)))
  })
  const { port } = server.address() as AddressInfo
  const one = socketPipe(await dial(port))
  const other = await accepted
  return {
    one,
    other,
    async [Symbol.asyncDispose]() {
      one.abort()
      other.abort()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
