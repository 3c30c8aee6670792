import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
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
