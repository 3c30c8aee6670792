import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { httpRequestMs } from '../limits.ts'

export interface Answer {
  readonly code: number
  readonly type: string
  readonly headers?: Readonly<Record<string, string>>
  readonly text: string
}

/** Answers requests for a path, without its query. */
export type Handler = (path: string) => Answer

export interface Listening {
  readonly port: number
  /** Ends connections, whatever they are at. */
  close(): Promise<void>
}

/** Serves plain HTTP. Rejects with the system's error, such as EADDRINUSE. */
export type Listen = (host: string, port: number, handler: Handler) => Promise<Listening>

export const listenHttp: Listen = (host, port, handler) =>
  new Promise((resolve, reject) => {
    const server = createServer({ requestTimeout: httpRequestMs }, (request, response) => {
      const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
      const { code, type, headers, text } = answerTo(request.method, path, handler)
      response.writeHead(code, {
        'Content-Type': type,
        'X-Content-Type-Options': 'nosniff',
        ...headers,
      })
      response.end(text)
    })
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      // A connection that cannot be accepted is its peer's concern.
      server.on('error', () => {})
      resolve({
        port: portOf(server.address()),
        close: () =>
          new Promise((closed) => {
            server.close(() => closed())
            server.closeAllConnections()
          }),
      })
    })
  })

function answerTo(method: string | undefined, path: string, handler: Handler): Answer {
  if (method === 'GET' || method === 'HEAD') return handler(path)
  return { code: 405, type: 'text/plain; charset=utf-8', text: 'method not allowed\n' }
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0
}
