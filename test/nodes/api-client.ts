import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { connect, type ConnectionOptions } from 'node:tls'
import { realClock, realRandom } from '#base'
import type { CommandWants, UpgradeTarget } from '#streaming'
import type { NodeCluster } from './cluster.ts'

export interface Sent {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** Instead of the administrator's certificate. */
  readonly anonymous?: boolean
}

export const ctx = { clock: realClock, random: realRandom }
export const wants: CommandWants = { stdin: true, stdout: true, stderr: true, tty: false }

/** An HTTP/1.1 request as the administrator; resolves when the head of its answer is there. */
export async function send(
  cluster: NodeCluster,
  path: string,
  sent: Sent = {},
): Promise<IncomingMessage> {
  const { port } = cluster.server
  const request = httpsRequest({
    ...tlsOf(cluster, sent.anonymous),
    host: '127.0.0.1',
    port,
    method: sent.method ?? 'GET',
    path,
    headers: { ...sent.headers },
    agent: false,
  })
  request.end(sent.body)
  const [response] = await once(request, 'response')
  return response
}

/** The whole answer: its code, its headers and its text. */
export async function ask(cluster: NodeCluster, path: string, sent: Sent = {}) {
  const response = await send(cluster, path, sent)
  return { code: response.statusCode, headers: response.headers, text: await text(response) }
}

/** The message of the Status that a request is refused with, and its code. */
export async function refusal(cluster: NodeCluster, path: string, sent: Sent = {}) {
  const { code, text } = await ask(cluster, path, sent)
  const status = JSON.parse(text) as { message?: string }
  return [code, status.message]
}

/** The API server as a place to upgrade a connection to. */
export function target(
  cluster: NodeCluster,
  path: string,
  carriers: UpgradeTarget['carriers'],
  headers: Readonly<Record<string, string>> = {},
  anonymous = false,
): UpgradeTarget {
  const { port } = cluster.server
  return {
    dial: async () => {
      const tls = tlsOf(cluster, anonymous)
      const options = { ...tls, host: '127.0.0.1', port, allowHalfOpen: true }
      const socket = connect(options)
      await once(socket, 'secureConnect')
      return socket
    },
    host: `127.0.0.1:${port}`,
    path,
    headers,
    carriers,
  }
}

function tlsOf({ dir }: NodeCluster, anonymous = false): ConnectionOptions {
  const pem = (name: string) => readFileSync(join(dir, 'data', 'pki', name))
  const ca = pem('ca.crt')
  return anonymous ? { ca } : { ca, cert: pem('admin.crt'), key: pem('admin.key') }
}

/** The messages of a WebSocket that the server speaks on, until its farewell. */
export async function webSocket(
  cluster: NodeCluster,
  path: string,
  { protocols = '', anonymous = false }: { protocols?: string; anonymous?: boolean } = {},
) {
  const request = httpsRequest({
    ...tlsOf(cluster, anonymous),
    host: '127.0.0.1',
    port: cluster.server.port,
    path,
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': Buffer.alloc(16).toString('base64'),
      ...(protocols === '' ? {} : { 'sec-websocket-protocol': protocols }),
    },
    agent: false,
  })
  request.end()
  const [response, socket, head] = (await once(request, 'upgrade')) as [
    IncomingMessage,
    Duplex,
    Buffer,
  ]
  async function* read(): AsyncGenerator<string> {
    let held = head
    for await (const chunk of socket) {
      held = Buffer.concat([held, chunk as Buffer])
      for (;;) {
        // No frame is shorter: farewells carry a code.
        if (held.length < 4) break
        const short = (held[1] ?? 0) & 0x7f
        const [start, length] = short === 126 ? [4, held.readUInt16BE(2)] : [2, short]
        if (held.length < start + length) break
        if (((held[0] ?? 0) & 0x0f) === 8) return
        yield held.subarray(start, start + length).toString()
        held = held.subarray(start + length)
      }
    }
  }
  const protocol = response.headers['sec-websocket-protocol'] ?? ''
  return { protocol, messages: read(), leave: () => socket.destroy() }
}
