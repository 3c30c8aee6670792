import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { connect as connectTcp, createServer } from 'node:net'
import { dirname } from 'node:path'
import { after, before, test } from 'node:test'
import { connect } from 'node:tls'
import { asError, deferred, realClock } from '#base'
import type { KubeletServerOptions, ServingCertificate } from '#kubelet'
import { privateKeyToPem, type Credential } from '#pki'
import { sendReply } from '../../src/kubelet/server/send-reply.ts'
import { kubeletClient, servingMaterial } from './kubelet-client.ts'
import { eventually, startNodeInMemory, type NodeInMemory } from './node-in-memory.ts'

/* The kubelet's server where its clients, its certificate and its port are not as they should be. */

class LateCertificate implements ServingCertificate {
  readonly #watchers = new Set<() => void>()
  #material: ReturnType<ServingCertificate['current']>

  get watchers(): number {
    return this.#watchers.size
  }

  current() {
    return this.#material
  }

  watch(changed: () => void) {
    this.#watchers.add(changed)
    return () => void this.#watchers.delete(changed)
  }

  come(ca: Credential): void {
    this.#material = servingMaterial(ca, ['127.0.0.1'])
    for (const changed of this.#watchers) changed()
  }
}

const certificate = new LateCertificate()
let node: NodeInMemory

before(async () => {
  node = await startNodeInMemory((pki) => serverOptions(pki.ca))
})

after(() => node.stop())

function serverOptions(ca: Credential, port = 0): KubeletServerOptions {
  return { host: '127.0.0.1', port, certificate, clientCa: ca.certificate.pem }
}

function kubelet() {
  const { ca, kubeletClient: credential } = node.pki
  const port = node.kubelet.port ?? 0
  return kubeletClient({ host: '127.0.0.1', port, ca, identity: { credential } })
}

/** The log file of the one container of a pod, with something in it. */
async function logOf(name: string, text: string): Promise<string> {
  await node.create(name)
  const { metadata } = await node.untilRunning(name)
  const [container] = await node.runtime.containers(metadata.uid)
  const { logPath } = await node.runtime.containerStatus(container?.id ?? '')
  mkdirSync(dirname(logPath), { recursive: true })
  writeFileSync(logPath, text)
  return logPath
}

const line = (text: string) => `2026-03-01T10:00:00Z stdout F ${text}\n`

function isOpen(path: string): boolean {
  return readdirSync('/proc/self/fd').some((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path
    } catch {
      return false
    }
  })
}

test('without a certificate the kubelet runs, and its server waits', async () => {
  await node.create('early')
  await node.untilRunning('early')
  assert.equal(node.kubelet.port, 0)
  certificate.come(node.pki.ca)
  await eventually('the server to listen', () => node.kubelet.port !== 0)
  assert.equal((await kubelet().get('/healthz')).body, 'ok')
})

test('a port that is taken is an error that names it', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const address = other.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  try {
    await assert.rejects(
      startNodeInMemory((pki) => serverOptions(pki.ca, port)),
      {
        reason: 'Unusable',
        message: new RegExp(`cannot listen on 127.0.0.1 port ${port}: .*EADDRINUSE`),
      },
    )
    assert.equal(certificate.watchers, 1, 'only the server that runs still watches')
  } finally {
    other.close()
  }
})

test('a large log comes whole', async () => {
  const lines = 400_000
  await logOf('large', line('x'.repeat(60)).repeat(lines))
  const response = await kubelet().open('/containerLogs/default/large/main')
  let bytes = 0
  for await (const chunk of response) if (chunk instanceof Buffer) bytes += chunk.length
  assert.equal(bytes, lines * 61)
})

test('what a client does not take is not made', async () => {
  let made = 0
  async function* endless() {
    for (;;) {
      made++
      yield Buffer.alloc(64 * 1024)
    }
  }
  const sent = deferred<void>()
  const server = createHttpServer((_request, response) => {
    const reply = { type: 'stream', contentType: 'text/plain', chunks: endless() } as const
    sendReply(response, reply).then(
      () => sent.resolve(),
      (error: unknown) => sent.reject(asError(error)),
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  const client = connectTcp({ host: '127.0.0.1', port })
  client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  let last = -1
  // The buffers between the two fill up, and then nothing goes on.
  await eventually('it to stand still', async () => {
    await realClock.sleep(50)
    const still = made === last && made > 0
    last = made
    return still
  })
  assert.ok(made < 1000, `${made} pieces`)
  client.destroy()
  await sent.promise
  server.close()
})

test('nothing of a followed log is left when its client leaves', async () => {
  const path = await logOf('followed', line('one'))
  const response = await kubelet().open('/containerLogs/default/followed/main?follow=true')
  const [chunk] = await once(response, 'data')
  assert.equal(String(chunk), 'one\n')
  assert.ok(isOpen(path))
  response.destroy()
  await eventually('the log to be closed', () => !isOpen(path))
})

test('a followed log ends with its container', async () => {
  const path = await logOf('short', line('one'))
  const response = await kubelet().open('/containerLogs/default/short/main?follow=true')
  let text = ''
  response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  const ended = once(response, 'end')
  await eventually('the first line', () => text === 'one\n')
  writeFileSync(path, line('two'), { flag: 'a' })
  const { uid = '' } = (await node.pods.get('short')).metadata
  node.runtime.exit(uid, 'main', 0)
  await ended
  assert.equal(text, 'one\ntwo\n')
})

test('a program whose streams the runtime refuses is told to the client', async () => {
  const client = await kubelet().command('/exec/default/early/main', { command: ['id'] })
  const { status, message } = await client.result
  assert.deepEqual(
    [status, message],
    ['Failure', 'Internal error occurred: a runtime in memory has no streams'],
  )
  await client.close()
})

test('a client that speaks no known version is told so', async () => {
  const { certificate: cert, key } = node.pki.kubeletClient
  const socket = connect({
    host: '127.0.0.1',
    port: node.kubelet.port ?? 0,
    rejectUnauthorized: false,
    cert: cert.pem,
    key: privateKeyToPem(key.privateKey),
  })
  const upgrade = 'Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v9'
  const path = '/exec/default/early/main?output=1&command=id'
  socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\n${upgrade}\r\n\r\n`)
  let answer = ''
  for await (const chunk of socket) answer += String(chunk)
  assert.match(answer, /^HTTP\/1.1 403 Forbidden\r\n/)
  assert.match(answer, /client supports \[v9\], server accepts \[v4.channel.k8s.io/)
})

test('what is no request of a client is answered or cut off, and the server goes on', async () => {
  const exchange = async (text: string) => {
    const port = node.kubelet.port ?? 0
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false })
    socket.on('error', () => {})
    socket.write(text)
    let answer = ''
    for await (const chunk of socket) answer += String(chunk)
    return answer
  }
  assert.match(await exchange('nonsense\r\n\r\n'), /^HTTP\/1.1 400/)
  const long = `GET /pods HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(100_000)}\r\n\r\n`
  // Whether the answer is read before the connection is reset is not for the server to say.
  assert.match(await exchange(long), /^(HTTP\/1.1 431|$)/)
  const upgrade = 'Host: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n'
  assert.match(
    await exchange(`POST /exec/default/early/main HTTP/1.1\r\n${upgrade}`),
    /^HTTP\/1.1 401/,
  )
  const other = 'Host: x\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n'
  assert.match(await exchange(`GET /pods HTTP/1.1\r\n${other}`), /^HTTP\/1.1 401/)
  assert.equal((await kubelet().get('/healthz')).body, 'ok')
})

test('a kubelet that stops cuts its streams off and leaves its certificate alone', async () => {
  const response = await kubelet().open('/containerLogs/default/followed/main?follow=true')
  const closed = new Promise<void>((resolve) => response.on('close', () => resolve()))
  response.on('error', () => {})
  response.resume()
  await node.kubelet.stop()
  await closed
  assert.equal(certificate.watchers, 0)
})
