import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, it, type TestContext } from 'node:test'
import { realClock, realRandom } from '#base'
import { memoryPki, privateKeyToPem } from '#pki'
import type { ProxyTarget } from '../kinds/node-connections.ts'
import type { SubresourceCall } from '../kinds/subresource.ts'
import type { Answer } from '../request.ts'
import { apiRequest, type TestRequest } from '../testing/server.ts'
import { ConnectionPool } from './endpoint.ts'
import { streamsMax } from './limits.ts'
import { NetworkConnections } from './network-connections.ts'
import { OpenStreams } from './open-streams.ts'
import { passProxy } from './proxy-passage.ts'

const pki = memoryPki({ clock: realClock, random: realRandom, hostName: 'here', serviceIps: [] })
const serving = {
  cert: pki.serving.certificate.pem,
  key: privateKeyToPem(pki.serving.key.privateKey),
}
const newConnections = () =>
  new NetworkConnections({
    clock: realClock,
    random: realRandom,
    credentials: () => ({
      certificate: pki.kubeletClient.certificate.pem,
      key: privateKeyToPem(pki.kubeletClient.key.privateKey),
      ca: pki.ca.certificate.pem,
    }),
  })

const connections = newConnections()

let opened = 0
const plain = createServer((request, response) => {
  if (request.url === '/slow') return
  const certificate = 'none'
  response.end(JSON.stringify({ url: request.url, method: request.method, certificate }))
})
const secure = createHttpsServer({ ...serving, requestCert: true, rejectUnauthorized: false })
secure.on('request', (request, response) => response.end(`secure ${request.url}`))
plain.on('connection', () => opened++)

before(async () => {
  for (const server of [plain, secure]) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }
})
after(() => {
  connections.close()
  for (const server of [plain, secure]) {
    server.closeAllConnections()
    server.close()
  }
})

function portOf(server: Pick<Server, 'address'>): string {
  return String((server.address() as AddressInfo).port)
}

const address = (port: string | undefined, scheme: 'http' | 'https' = 'http'): ProxyTarget => ({
  type: 'address',
  scheme,
  host: '127.0.0.1',
  port,
})

const prefix = '/api/v1/namespaces/x/services/web/proxy'

/** What the proxy answers; it looks at nothing of a call but its request. */
function proxy(
  target: ProxyTarget,
  path: string,
  request: TestRequest & { method?: string } = {},
  through = connections,
) {
  const call = { request: apiRequest(request.method ?? 'GET', `${prefix}${path}`, request) }
  return through.proxy(target, { prefix, path }, call as SubresourceCall)
}

async function bodyOf(answer: Answer): Promise<string> {
  assert.equal(answer.type, 'passed')
  if (answer.type !== 'passed') return ''
  const parts: Uint8Array[] = []
  for (let part = await answer.body.read(); part !== undefined; part = await answer.body.read()) {
    parts.push(part)
  }
  return Buffer.concat(parts).toString()
}

it('reaches addresses, and keeps connections for the next request', async () => {
  const target = address(portOf(plain))
  for (let times = 0; times < 3; times++) {
    const body = JSON.parse(await bodyOf(await proxy(target, '/a')))
    assert.equal(body.url, '/a')
  }
  assert.equal(opened, 1)
})

it('asks again on a fresh connection when the kept one was closed, where that does no harm', async (t) => {
  const served = new WeakSet<object>()
  const single = createServer((request, response) => {
    if (served.has(request.socket)) request.socket.destroy()
    else response.end(request.method)
    served.add(request.socket)
  })
  t.after(() => {
    single.closeAllConnections()
    single.close()
  })
  single.listen(0, '127.0.0.1')
  await once(single, 'listening')
  const target = address(portOf(single))
  for (let times = 0; times < 3; times++) {
    assert.equal(await bodyOf(await proxy(target, '/')), 'GET')
  }
  await assert.rejects(proxy(target, '/', { method: 'DELETE' }), {
    code: 503,
    message: 'error trying to reach service: EOF',
  })
})

it('believes whoever answers an https target, and shows nobody a certificate', async () => {
  secure.once('secureConnection', (socket) =>
    assert.deepEqual(socket.getPeerCertificate(), {}, 'pods are no kubelets'),
  )
  assert.equal(await bodyOf(await proxy(address(portOf(secure), 'https'), '/a')), 'secure /a')
})

it('says why a target cannot be reached', async () => {
  const closed = createServer()
  closed.listen(0, '127.0.0.1')
  await once(closed, 'listening')
  const port = portOf(closed)
  closed.close()
  await once(closed, 'close')
  const rows: readonly (readonly [ProxyTarget, string])[] = [
    [address(port), `dial tcp 127.0.0.1:${port}: connect: connection refused`],
    [address('http-web'), 'dial tcp: lookup tcp/http-web: unknown port'],
    [address('70000'), 'dial tcp: lookup tcp/70000: unknown port'],
    [address(portOf(plain), 'https'), 'http: server gave HTTP response to HTTPS client'],
  ]
  for (const [target, why] of rows) {
    await assert.rejects(proxy(target, '/'), {
      code: 503,
      message: `error trying to reach service: ${why}`,
    })
  }
})

it('refuses what cannot be written as HTTP', async () => {
  const headers = { 'x-bad': 'a\r\nInjected: 1' }
  await assert.rejects(proxy(address(portOf(plain)), '/', { headers }), { code: 400 })
  await assert.rejects(proxy(address(portOf(plain)), '/a b'), { code: 400 })
})

it('says where a body ends, whatever the method', async (t) => {
  const seen: string[] = []
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      seen.push(`${request.method} ${request.url} ${body}`)
      response.end()
    })
  })
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const target = address(portOf(server))
  const body = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n'
  const methods = ['DELETE', 'GET', 'OPTIONS', 'POST']
  for (const method of methods) await bodyOf(await proxy(target, '/', { method, body }))
  assert.deepEqual(
    seen,
    methods.map((method) => `${method} / ${body}`),
  )
})

it('gives up when its client goes before the answer', async (t: TestContext) => {
  const leaving = new AbortController()
  const request = { ...apiRequest('GET', `${prefix}/slow`, {}), signal: leaving.signal }
  const call = { request } as SubresourceCall
  const closed = new Promise((resolve) => {
    plain.once('request', (message) => {
      message.socket.once('close', resolve)
      leaving.abort()
    })
  })
  const target = address(portOf(plain))
  await assert.rejects(connections.proxy(target, { prefix, path: '/slow' }, call), { code: 503 })
  await closed
  t.signal.throwIfAborted()
})

it('ends what is under way when it is closed, and begins nothing any more', async () => {
  const closed = newConnections()
  const target = address(portOf(plain))
  const refusal = { code: 503, message: 'error trying to reach service: the server is stopping' }
  const arrived = once(plain, 'request')
  const waiting = assert.rejects(proxy(target, '/slow', {}, closed), refusal)
  await arrived
  closed.close()
  await waiting
  await assert.rejects(proxy(target, '/a', {}, closed), refusal)
})

it('hangs up when there are too many streams for another one', async (t) => {
  const streams = new OpenStreams()
  for (let count = 0; count < streamsMax; count++) streams.add(() => {})
  const left = Promise.withResolvers<void>()
  const upgrading = createServer().on('upgrade', (_, socket) => {
    socket.once('end', () => socket.end(left.resolve))
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
    socket.resume()
  })
  t.after(() => upgrading.close())
  upgrading.listen(0, '127.0.0.1')
  await once(upgrading, 'listening')
  const endpoint = { host: '127.0.0.1', port: Number(portOf(upgrading)), tls: undefined }
  const request = { ...apiRequest('GET', `${prefix}/x`, {}), upgrade: 'echo' }
  const pool = new ConnectionPool()
  const context = { clock: realClock, pool, signal: request.signal }
  const passage = { endpoint, request, path: { prefix, path: '/x' }, streams }
  await assert.rejects(passProxy(passage, context), { code: 429 })
  await left.promise
})
