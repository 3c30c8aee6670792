import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { asError, must, realClock, realRandom } from '#base'
import {
  generateKeyPair,
  issueCertificate,
  keyPairFromPem,
  parseCertificates,
  privateKeyToPem,
  type Credential,
} from '#pki'
import {
  acceptPortForward,
  acceptRemoteCommand,
  commandExited,
  commandSucceeded,
  pump,
  refuseUpgrade,
  type CommandServer,
  type UpgradeRequest,
} from '#streaming'

const ctx = { clock: realClock, random: realRandom }

export interface TestKubelet extends AsyncDisposable {
  readonly port: number
  /** Method and path with query of all it was asked for. */
  readonly asked: readonly string[]
  /** Those of the last plain request. */
  readonly headers: IncomingMessage['headers']
  /** Connections that are open now. */
  readonly connections: number
  /** What went wrong in commands and ports, other than by their client's leaving. */
  readonly failures: readonly Error[]
  /** Answers plain requests from now on; what it does not end stays open. */
  serve(handler: Handler): void
  /** Resolves when no connection is open. */
  idle(): Promise<void>
  /** As if its process were killed. */
  kill(): Promise<void>
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void

export interface TestKubeletOptions {
  /** Signs its certificate. */
  readonly ca: Credential
  readonly node: string
  readonly addresses?: readonly string[]
  readonly address?: string
}

/** The cluster's CA as a server keeps it in its data directory. */
export function readAuthority(dataDir: string): Credential {
  const pem = (name: string) => readFileSync(join(dataDir, 'pki', name), 'utf8')
  const certificate = must(parseCertificates(pem('ca.crt'))[0], 'a CA has a certificate')
  return { certificate, key: keyPairFromPem(pem('ca.key')) }
}

/** A kubelet's server that has no containers: commands and ports that echo. */
export async function startTestKubelet(options: TestKubeletOptions): Promise<TestKubelet> {
  const { address = '127.0.0.1' } = options
  const asked: string[] = []
  const failures: Error[] = []
  let headers: IncomingMessage['headers'] = {}
  let handler: Handler = (_, response) => void response.end('ok')
  let whenIdle = () => {}
  const sockets = new Set<Duplex>()
  const server = createServer(
    { ...servingCertificate(options), requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      asked.push(`${request.method ?? ''} ${request.url ?? ''}`)
      headers = request.headers
      if (clientName(request.socket) === 'kube-apiserver-kubelet-client') handler(request, response)
      else response.writeHead(401).end('Unauthorized')
    },
  )
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    asked.push(`${request.method ?? ''} ${request.url ?? ''}`)
    if (clientName(socket) !== 'kube-apiserver-kubelet-client') {
      refuseUpgrade(socket, 403, 'Unauthorized')
      return
    }
    serveStream(request.url ?? '', { headers: request.headers, socket, head }).catch((error) =>
      failures.push(asError(error)),
    )
  })
  server.on('secureConnection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => {
      sockets.delete(socket)
      if (sockets.size === 0) whenIdle()
    })
  })
  server.listen(0, address)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const kill = async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    for (const socket of sockets) socket.destroy()
    server.closeAllConnections()
    await closed
  }
  return {
    port,
    asked,
    failures,
    get headers() {
      return headers
    },
    get connections() {
      return sockets.size
    },
    serve(next) {
      handler = next
    },
    idle: () =>
      new Promise((resolve) => {
        whenIdle = resolve
        if (sockets.size === 0) resolve()
      }),
    kill,
    [Symbol.asyncDispose]: kill,
  }
}

function clientName(socket: Duplex): string {
  if (!(socket instanceof TLSSocket)) return ''
  return String(socket.getPeerCertificate().subject?.CN ?? '')
}

function servingCertificate({ ca, node, addresses = ['127.0.0.1'] }: TestKubeletOptions) {
  const key = generateKeyPair('ecdsa-p256', realRandom)
  const now = realClock.now()
  const certificate = issueCertificate(
    {
      subject: { commonName: `system:node:${node}`, organizations: ['system:nodes'] },
      publicKey: key.publicKey,
      usages: ['digital signature', 'server auth'],
      alternativeNames: { ipAddresses: addresses },
      notBeforeMs: now - 60_000,
      notAfterMs: now + 3_600_000,
    },
    ca,
    realRandom,
  )
  return { cert: certificate.pem, key: privateKeyToPem(key.privateKey) }
}

async function serveStream(url: string, request: UpgradeRequest): Promise<void> {
  const { pathname, searchParams: query } = new URL(url, 'https://kubelet')
  if (pathname.startsWith('/portForward/')) return servePorts(request)
  if (!/^\/(exec|attach)\//.test(pathname)) {
    request.socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n')
    request.socket.write('Connection: Upgrade\r\n\r\n')
    request.socket.pipe(request.socket)
    return
  }
  const words = query.getAll('command')
  if (words[0] === 'refused') {
    refuseUpgrade(request.socket, 404, 'container not found ("main")')
    return
  }
  const on = (name: string) => query.get(name) === '1'
  const wants = { stdin: on('input'), stdout: on('output'), stderr: on('error'), tty: on('tty') }
  const command = await acceptRemoteCommand(request, wants, ctx)
  await run(words, command)
}

async function run(words: readonly string[], command: CommandServer): Promise<void> {
  const { stdin, stdout, stderr } = command
  switch (words[0]) {
    case 'exit':
      await stderr?.write(Buffer.from('words\n'))
      return command.finish(commandExited(Number(words[1]), `exit status ${words[1] ?? ''}`))
    case 'flood':
      for (;;) await stdout?.write(Buffer.alloc(32 << 10, 'x'))
    case 'hang':
      await command.closed
      return
    case 'tar':
      return tar(words, command)
    default:
      if (stdin !== undefined && stdout !== undefined) await pump(stdin, stdout)
      else await stdout?.write(Buffer.from(`${words.join(' ')}\n`))
      return command.finish(commandSucceeded)
  }
}

/** What `kubectl cp` runs: packs nothing, unpacks into nowhere. */
async function tar(words: readonly string[], command: CommandServer): Promise<void> {
  const { stdin } = command
  if (stdin !== undefined) while ((await stdin.read()) !== undefined);
  await command.finish(words.length > 1 ? commandSucceeded : commandExited(1, 'exit status 1'))
}

async function servePorts(request: UpgradeRequest): Promise<void> {
  const forward = await acceptPortForward(request, [], ctx)
  const ends: Promise<void>[] = []
  for (;;) {
    const port = await forward.accept()
    if (port === undefined) break
    ends.push(pump(port.data, port.data).then(() => port.error.end()))
  }
  await Promise.all(ends)
}
