import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createSecureServer, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { Pod } from '#api'
import { deferred, realClock, realRandom } from '#base'
import { StatusError } from '#machinery'
import { memoryPki, privateKeyToPem } from '#pki'
import { Client } from '../client.ts'
import type { Transport } from '../transport.ts'
import type { Endpoint } from './connection.ts'
import { httpsTransport } from './transport.ts'

const pki = memoryPki({ clock: realClock, random: realRandom, hostName: 'here', serviceIps: [] })

type Handler = (stream: ServerHttp2Stream, headers: Record<string, unknown>) => void

async function start(t: TestContext, handler: Handler): Promise<Endpoint> {
  const server = createSecureServer({
    cert: pki.serving.certificate.pem,
    key: privateKeyToPem(pki.serving.key.privateKey),
  })
  const sessions = new Set<{ destroy(): void }>()
  server.on('session', (session) => sessions.add(session))
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('error', () => {})
    handler(stream, headers)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const session of sessions) session.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { server: `https://127.0.0.1:${port}`, ca: pki.ca.certificate.pem, token: () => 'secret' }
}

function open(t: TestContext, endpoint: Endpoint): Transport {
  const transport = httpsTransport(endpoint, { clock: realClock, userAgent: 'test/1' })
  t.after(() => transport[Symbol.asyncDispose]())
  return transport
}

function respond(stream: ServerHttp2Stream, code: number, body: unknown): void {
  stream.respond({ ':status': code, 'content-type': 'application/json' })
  stream.end(JSON.stringify(body))
}

const pod = (name: string) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name } })

describe('HTTPS', () => {
  it("sends and reads JSON, with the caller's credentials", async (t) => {
    const endpoint = await start(t, (stream, headers) => {
      const parts: Buffer[] = []
      stream.on('data', (part: Buffer) => parts.push(part))
      stream.on('end', () =>
        respond(stream, 200, { headers, body: Buffer.concat(parts).toString() }),
      )
    })
    const answer = await open(t, { ...endpoint, server: `${endpoint.server}/base/` }).send({
      method: 'POST',
      path: '/api',
      query: { a: 'b c' },
      body: { x: 1n, y: undefined },
    })
    const { headers, body } = answer as { headers: Record<string, string>; body: string }
    assert.equal(headers[':path'], '/base/api?a=b+c')
    assert.equal(headers['authorization'], 'Bearer secret')
    assert.equal(headers['user-agent'], 'test/1')
    assert.equal(headers['content-type'], 'application/json')
    assert.equal(body, '{"x":1}')
    assert.ok(Object.isFrozen(answer) && Object.isFrozen(headers))
  })

  it('throws what the server refuses', async (t) => {
    const status = { kind: 'Status', reason: 'NotFound', message: 'no such pod', code: 404 }
    const endpoint = await start(t, (stream, headers) => {
      if (headers[':path'] === '/status') respond(stream, 404, status)
      else respond(stream, 502, 'bad gateway')
    })
    const transport = open(t, endpoint)
    const refused = transport.send({ method: 'GET', path: '/status' })
    await assert.rejects(refused, (error) => error instanceof StatusError && error.code === 404)
    const odd = transport.send({ method: 'GET', path: '/odd' })
    await assert.rejects(odd, { reason: 'Malformed', message: /answered 502/ })
  })

  it('says when nobody is there', async (t) => {
    const transport = open(t, { server: 'https://127.0.0.1:1' })
    const call = transport.send({ method: 'GET', path: '/' })
    await assert.rejects(call, { reason: 'Unreachable', message: /ECONNREFUSED/ })
  })

  it('does not talk to a server it cannot verify', async (t) => {
    const { ca: _, ...endpoint } = await start(t, (stream) => respond(stream, 200, {}))
    const call = open(t, endpoint).send({ method: 'GET', path: '/' })
    await assert.rejects(call, { reason: 'Unreachable' })
    assert.deepEqual(
      await open(t, { ...endpoint, insecure: true }).send({ method: 'GET', path: '/' }),
      {},
    )
  })

  it('says when the connection breaks, and makes a new one', async (t) => {
    let breaking = true
    const endpoint = await start(t, (stream) => {
      if (!breaking) return respond(stream, 200, 'again')
      breaking = false
      stream.session?.destroy()
    })
    const transport = open(t, endpoint)
    await assert.rejects(transport.send({ method: 'GET', path: '/' }), { reason: 'Interrupted' })
    assert.equal(await transport.send({ method: 'GET', path: '/' }), 'again')
  })

  it('gives up a call when its signal fires', async (t) => {
    const arrived = deferred<ServerHttp2Stream>()
    const endpoint = await start(t, (stream) => arrived.resolve(stream))
    const given = new AbortController()
    const call = open(t, endpoint).send({ method: 'GET', path: '/', signal: given.signal })
    const stream = await arrived.promise
    given.abort()
    await assert.rejects(call, { reason: 'Closed' })
    if (!stream.closed) await once(stream, 'close')
    assert.equal(stream.rstCode, 8)
  })

  it('watches, across the borders of frames', async (t) => {
    const endpoint = await start(t, (stream) => {
      const text = ['a', 'é', 'c']
        .map((name) => `${JSON.stringify({ type: 'ADDED', object: pod(name) })}\n`)
        .join('')
      const bytes = Buffer.from(text)
      stream.respond({ ':status': 200, 'content-type': 'application/json' })
      void (async () => {
        for (const byte of bytes) {
          stream.write(Buffer.of(byte))
          if (byte === 0xc3) await realClock.yield()
        }
        stream.end()
      })()
    })
    const client = new Client(open(t, endpoint), realClock)
    const names: string[] = []
    for await (const { object } of client.resource(Pod).watch()) {
      names.push(object.metadata.name ?? '')
    }
    assert.deepEqual(names, ['a', 'é', 'c'])
  })

  it('ends a watch with what the server says', async (t) => {
    const gone = { kind: 'Status', reason: 'Expired', code: 410, message: 'too old' }
    const endpoint = await start(t, (stream, headers) => {
      if (String(headers[':path']).includes('old')) {
        stream.respond({ ':status': 200 })
        stream.write(`${JSON.stringify({ type: 'ERROR', object: gone })}\n`)
      } else respond(stream, 403, { ...gone, reason: 'Forbidden', code: 403 })
    })
    const pods = new Client(open(t, endpoint), realClock).resource(Pod)
    await assert.rejects(pods.watch({ resourceVersion: 'old' }).next(), { code: 410 })
    await assert.rejects(pods.watch().next(), { code: 403 })
  })
})
