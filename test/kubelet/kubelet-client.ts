import { request as httpsRequest } from 'node:https'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { connect } from 'node:tls'
import { realClock, realRandom } from '#base'
import { issueCertificate, generateKeyPair, privateKeyToPem, type Credential } from '#pki'
import {
  connectPortForward,
  connectRemoteCommand,
  exitCodeOf,
  readAll,
  type CommandClient,
  type UpgradeTarget,
} from '#streaming'

/** As whom the kubelet is asked. */
export interface Identity {
  readonly credential?: Credential
  readonly token?: string
}

/** A client of a kubelet's server, as the API server is one. */
export function kubeletClient(options: {
  readonly host: string
  readonly port: number
  readonly ca: Credential
  readonly identity: Identity
}) {
  const { host, port, ca, identity } = options
  const { credential, token } = identity
  const tls = {
    host,
    port,
    ca: ca.certificate.pem,
    servername: '',
    ...(credential === undefined
      ? {}
      : { cert: credential.certificate.pem, key: privateKeyToPem(credential.key.privateKey) }),
  }
  const halfOpen = { ...tls, allowHalfOpen: true }
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` }
  const open = (path: string, method = 'GET') =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const request = httpsRequest({ ...tls, path, method, headers, agent: false }, resolve)
      request.on('error', reject)
      request.end()
    })
  const target = (path: string, carrier: 'spdy' | 'websocket'): UpgradeTarget => ({
    dial: () =>
      new Promise<Duplex>((resolve, reject) => {
        const socket = connect(halfOpen)
        socket.once('error', reject)
        socket.once('secureConnect', () => resolve(socket))
      }),
    host: `${host}:${port}`,
    path,
    headers,
    carriers: [carrier],
  })
  const ctx = { clock: realClock, random: realRandom }
  return {
    open,
    async get(path: string, method = 'GET') {
      const response = await open(path, method)
      let body = ''
      for await (const chunk of response.setEncoding('utf8')) body += String(chunk)
      return { code: response.statusCode ?? 0, body, headers: response.headers }
    },
    command(
      path: string,
      asked: { stdin?: boolean; tty?: boolean; command?: readonly string[] },
      carrier: 'spdy' | 'websocket' = 'spdy',
    ): Promise<CommandClient> {
      const { stdin = false, tty = false, command = [] } = asked
      const query = new URLSearchParams(command.map((word) => ['command', word]))
      query.set('output', '1')
      if (stdin) query.set('input', '1')
      query.set(tty ? 'tty' : 'error', '1')
      const wants = { stdin, stdout: true, stderr: !tty, tty }
      return connectRemoteCommand(target(`${path}?${query.toString()}`, carrier), wants, ctx)
    },
    portForward: (path: string, carrier: 'spdy' | 'websocket' = 'spdy') =>
      connectPortForward(target(path, carrier), ctx),
  }
}

/** All that a command says, after it was given its input. */
export async function outcome(client: CommandClient, input?: string) {
  const { stdin, stdout, stderr } = client
  if (input !== undefined) {
    await stdin?.write(Buffer.from(input))
    await stdin?.end()
  }
  const all = async (pipe: typeof stdout) =>
    pipe === undefined ? '' : (await readAll(pipe, 1024 * 1024)).toString()
  const [out, err, status] = await Promise.all([all(stdout), all(stderr), client.result])
  await client.close()
  return { out, err, code: exitCodeOf(status), status }
}

/** A certificate for a server at these addresses, signed by the CA. */
export function servingMaterial(ca: Credential, ips: readonly string[]) {
  const key = generateKeyPair('ecdsa-p256', realRandom)
  const nowMs = realClock.now()
  const certificate = issueCertificate(
    {
      subject: { commonName: 'system:node:node-1', organizations: ['system:nodes'] },
      publicKey: key.publicKey,
      usages: ['digital signature', 'server auth'],
      alternativeNames: { ipAddresses: ips },
      notBeforeMs: nowMs - 60_000,
      notAfterMs: nowMs + 3_600_000,
    },
    ca,
    realRandom,
  )
  return { certificate: certificate.pem, key: privateKeyToPem(key.privateKey) }
}
