import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, constants, type ClientHttp2Session, type OutgoingHttpHeaders } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import { describe, it, type TestContext } from 'node:test'
import { text } from 'node:stream/consumers'
import { connect as connectTls } from 'node:tls'
import { gunzipSync } from 'node:zlib'
import { deferred, realClock, realRandom, silentLog } from '#base'
import { memoryPki, privateKeyToPem, type Credential } from '#pki'
import type { ApiRequest, ApiResponse, ByteSink, ByteSource } from '../request.ts'
import { serveHttps, type HttpsServer } from './serve.ts'

const pki = memoryPki({ clock: realClock, random: realRandom, hostName: 'here', serviceIps: [] })

async function start(
  t: TestContext,
  serve: (request: ApiRequest) => Promise<ApiResponse>,
): Promise<HttpsServer> {
  const server = await serveHttps({
    handler: { serve },
    clock: realClock,
    log: silentLog,
    hosts: ['127.0.0.1'],
    port: 0,
    certificate: pki.serving.certificate.pem,
    key: privateKeyToPem(pki.serving.key.privateKey),
    clientCas: [pki.ca.certificate.pem],
  })
  t.after(() => server.close(0))
  return server
}

function session(t: TestContext, server: HttpsServer, credential?: Credential): ClientHttp2Session {
  const client = connect(`https://127.0.0.1:${server.port}`, {
    ca: pki.ca.certificate.pem,
    ...tlsOf(credential),
  })
  client.on('error', () => {})
  t.after(() => client.destroy())
  return client
}

function tlsOf(credential: Credential | undefined) {
  if (credential === undefined) return {}
  return { cert: credential.certificate.pem, key: privateKeyToPem(credential.key.privateKey) }
}

interface Reply {
  readonly code: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: Buffer
}

type Send = (headers: OutgoingHttpHeaders, body?: string) => Promise<Reply>

function http2(client: ClientHttp2Session): Send {
  return async (headers, body) => {
    const stream = client.request(headers)
    stream.end(body)
    const [got] = (await once(stream, 'response')) as [Record<string, unknown>]
    const parts: Buffer[] = []
    for await (const part of stream) parts.push(part as Buffer)
    return { code: Number(got[':status']), headers: got, body: Buffer.concat(parts) }
  }
}

function http1(server: HttpsServer, credential?: Credential): Send {
  return async ({ ':method': method, ':path': path, ...headers }, body) => {
    const request = httpsRequest({
      host: '127.0.0.1',
      port: server.port,
      ca: pki.ca.certificate.pem,
      method: String(method ?? 'GET'),
      path: String(path),
      headers: { ...headers, ...(body === undefined ? {} : { 'content-length': body.length }) },
      agent: false,
      ...tlsOf(credential),
    })
    request.end(body)
    const [response] = await once(request, 'response')
    const parts: Buffer[] = []
    for await (const part of response) parts.push(part)
    return { code: response.statusCode, headers: response.headers, body: Buffer.concat(parts) }
  }
}

async function wholeOf(source: ByteSource | undefined): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for (let part = await source?.read(); part !== undefined; part = await source?.read()) {
    parts.push(part)
  }
  return Buffer.concat(parts)
}

function json(value: unknown, code = 200): ApiResponse {
  const bytes = Buffer.from(JSON.stringify(value))
  return { code, headers: { 'content-type': 'application/json' }, body: { type: 'bytes', bytes } }
}

for (const version of ['HTTP/2', 'HTTP/1.1'] as const) {
  const open = (t: TestContext, server: HttpsServer, credential?: Credential): Send =>
    version === 'HTTP/2' ? http2(session(t, server, credential)) : http1(server, credential)

  describe(version, () => {
    it('hands over method, path, query, headers, body and peer', async (t) => {
      const server = await start(t, async (request) => {
        assert.equal(request.body.type, 'bytes')
        const body = request.body.type === 'bytes' ? await request.body.read(100) : undefined
        return json({
          method: request.method,
          path: request.path,
          query: [...request.query],
          groups: request.headers('impersonate-group'),
          type: request.header('content-type'),
          host: request.header('host'),
          pseudo: [...request.headerNames()].filter((name) => name.startsWith(':')),
          body: Buffer.from(body ?? []).toString(),
          peer: request.peer.address,
          certificate: Buffer.from(request.peer.certificate ?? []).toString('hex'),
        })
      })
      const send = open(t, server, pki.admin)
      const headers = {
        ':method': 'POST',
        ':path': '/api/v1/a%2Fb?x=1&x=2',
        'content-type': 'application/json',
        'impersonate-group': ['one', 'two, three'],
      }
      const reply = await send(headers, '{"a":1}')
      assert.equal(reply.headers['content-type'], 'application/json')
      assert.deepEqual(JSON.parse(reply.body.toString()), {
        method: 'POST',
        path: '/api/v1/a%2Fb',
        query: [
          ['x', '1'],
          ['x', '2'],
        ],
        groups: ['one', 'two, three'],
        type: 'application/json',
        host: `127.0.0.1:${server.port}`,
        pseudo: [],
        body: '{"a":1}',
        peer: '127.0.0.1',
        certificate: Buffer.from(pki.admin.certificate.der).toString('hex'),
      })
    })

    it('asks no one for a certificate who has none', async (t) => {
      const server = await start(t, (request) =>
        Promise.resolve(json({ none: request.peer.certificate === undefined })),
      )
      const reply = await open(t, server)({ ':path': '/' })
      assert.equal(reply.body.toString(), '{"none":true}')
    })

    it('refuses a body over the limit, announced or not', async (t) => {
      const server = await start(t, async (request) => {
        try {
          if (request.body.type === 'bytes') await request.body.read(10)
          return json('fits')
        } catch (error) {
          return json(String(error), 413)
        }
      })
      const long = 'x'.repeat(100_000)
      const reply = await open(t, server)({ ':method': 'POST', ':path': '/' }, long)
      assert.equal(reply.code, 413)
      assert.match(reply.body.toString(), /Request entity too large: limit is 10/)
      const fits = await open(t, server)({ ':method': 'POST', ':path': '/' }, 'x'.repeat(10))
      assert.equal(fits.code, 200)
    })

    it('sends chunks as the peer takes them', async (t) => {
      let made = 0
      const chunk = Buffer.alloc(64 << 10, 'x')
      function* chunks() {
        for (; made < 200; made++) yield chunk
      }
      const server = await start(t, () =>
        Promise.resolve({ code: 200, headers: {}, body: { type: 'chunks', chunks: chunks() } }),
      )
      const reply = await open(t, server)({ ':path': '/' })
      assert.equal(reply.body.byteLength, 200 * chunk.byteLength)
      assert.equal(made, 200)
    })

    it('compresses what is long for whoever accepts it', async (t) => {
      const text = 'kubernetes '.repeat(20_000)
      const server = await start(t, (request) => {
        const bytes = Buffer.from(request.path === '/short' ? 'short' : text)
        const halves = [bytes.subarray(0, 1000), bytes.subarray(1000)]
        const chunked = request.path !== '/bytes'
        return Promise.resolve<ApiResponse>({
          code: 200,
          headers: {},
          body: chunked ? { type: 'chunks', chunks: halves } : { type: 'bytes', bytes },
        })
      })
      const send = open(t, server)
      const accept = { 'accept-encoding': 'deflate, gzip;q=0.5' }
      for (const path of ['/bytes', '/chunks']) {
        const reply = await send({ ':path': path, ...accept })
        assert.equal(reply.headers['content-encoding'], 'gzip')
        assert.equal(reply.headers['vary'], 'Accept-Encoding')
        assert.equal(gunzipSync(reply.body).toString(), text)
        const plain = await send({ ':path': path, 'accept-encoding': 'gzip;q=0' })
        assert.equal(plain.headers['content-encoding'], undefined)
        assert.equal(plain.body.toString(), text)
      }
      const short = await send({ ':path': '/short', ...accept })
      assert.equal(short.body.toString(), 'short')
    })

    it('answers HEAD without a body', async (t) => {
      const server = await start(t, () => Promise.resolve(json({ a: 1 })))
      const reply = await open(t, server)({ ':method': 'HEAD', ':path': '/' })
      assert.equal(reply.headers['content-length'], '7')
      assert.equal(reply.body.byteLength, 0)
    })

    it('streams for as long as it lasts', async (t) => {
      const sinks: ByteSink[] = []
      let closed = 0
      const opened = deferred<void>()
      const server = await start(t, () =>
        Promise.resolve<ApiResponse>({
          code: 200,
          headers: {},
          body: {
            type: 'stream',
            open(sink) {
              sinks.push(sink)
              opened.resolve()
              return { close: () => closed++ }
            },
          },
        }),
      )
      const reply = open(t, server)({ ':path': '/' })
      await opened.promise
      const [sink] = sinks
      assert.equal(sink?.write(Buffer.from('one ')), true)
      sink?.write(Buffer.from('two'))
      sink?.end()
      assert.equal((await reply).body.toString(), 'one two')
      assert.equal(sink?.write(Buffer.from('late')), false)
      assert.equal(closed, 1)
    })

    it('lets exchanges in flight end when it closes', async (t) => {
      const arrived = deferred<void>()
      const release = deferred<void>()
      const server = await start(t, async () => {
        arrived.resolve()
        await release.promise
        return json('done')
      })
      const reply = open(t, server)({ ':path': '/' })
      await arrived.promise
      const closed = server.close(10_000)
      release.resolve()
      assert.equal((await reply).body.toString(), '"done"')
      await closed
      await assert.rejects(open(t, server)({ ':path': '/' }))
    })
  })
}

describe('one connection', () => {
  it('tells a handler that its client has gone', async (t) => {
    const arrived = deferred<AbortSignal>()
    const server = await start(t, async (request) => {
      arrived.resolve(request.signal)
      await once(request.signal, 'abort')
      return json('late')
    })
    const client = session(t, server)
    await once(client, 'connect')
    const stream = client.request({ ':path': '/' })
    stream.on('error', () => {})
    const signal = await arrived.promise
    stream.close(constants.NGHTTP2_CANCEL)
    if (!signal.aborted) await once(signal, 'abort')
    assert.match(String(signal.reason), /the client has gone/)
  })

  it('hangs up after a stream that was answered to who asked for another protocol', async (t) => {
    const server = await start(t, () =>
      Promise.resolve<ApiResponse>({
        code: 200,
        headers: {},
        body: {
          type: 'stream',
          open(sink) {
            sink.write(Buffer.from('all'))
            sink.end()
            return { close() {} }
          },
        },
      }),
    )
    // It would not hang up by itself.
    const options = { port: server.port, ca: pki.ca.certificate.pem, allowHalfOpen: true }
    const socket = connectTls(options)
    t.after(() => socket.destroy())
    socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: none\r\n\r\n')
    const answer = await text(socket)
    assert.match(answer, /^HTTP\/1\.1 200 .*all\r\n0\r\n\r\n$/s)
  })

  it('takes no body for whole that was cut off', async (t) => {
    const outcomes: string[] = []
    const arrived = [deferred<void>(), deferred<void>()]
    const over = [deferred<void>(), deferred<void>()]
    const server = await start(t, async ({ body, path }) => {
      assert.ok(body.type === 'bytes')
      const at = path === '/open' ? 1 : 0
      arrived[at]?.resolve()
      const read = at === 0 ? body.read(100) : wholeOf(body.open())
      await read.then(
        (bytes) => outcomes.push(`took ${Buffer.from(bytes).toString()}`),
        (error: unknown) => outcomes.push(String(error)),
      )
      over[at]?.resolve()
      return json('late')
    })
    for (const [at, path] of ['/read', '/open'].entries()) {
      const headers = { ':method': 'POST', ':path': path }
      const stream = session(t, server).request(headers, { endStream: false })
      stream.on('error', () => {})
      stream.write('half')
      await arrived[at]?.promise
      stream.destroy()
      await over[at]?.promise
    }
    assert.match(outcomes[0] ?? '', /the request body was cut off/)
    assert.match(outcomes[1] ?? '', /Premature close/)
  })

  it('ends the stream of a peer that does not read', async (t) => {
    const ended = deferred<number>()
    const server = await start(t, () =>
      Promise.resolve<ApiResponse>({
        code: 200,
        headers: {},
        body: {
          type: 'stream',
          open(sink) {
            const piece = Buffer.alloc(1 << 20)
            void (async () => {
              for (let i = 0; i < 100; i++) {
                sink.write(piece)
                await realClock.yield()
              }
            })()
            return { close: () => ended.resolve(sink.pendingBytes) }
          },
        },
      }),
    )
    const stream = session(t, server).request({ ':path': '/' })
    await once(stream, 'response')
    assert.ok((await ended.promise) > 16 << 20)
  })

  it('drops a stranger who resets streams without end, and no one else', async (t) => {
    const server = await start(t, async (request) => {
      if (request.path === '/wait') await once(request.signal, 'abort')
      return json('ok')
    })
    const resetMany = async (client: ClientHttp2Session, times: number) => {
      for (let i = 0; i < times && !client.destroyed; i += 50) {
        const streams = Array.from({ length: 50 }, () => client.request({ ':path': '/wait' }))
        for (const stream of streams) stream.on('error', () => {})
        const closed = streams.map((stream) => once(stream, 'close').catch(() => {}))
        for (const stream of streams) stream.close(constants.NGHTTP2_CANCEL)
        await Promise.all(closed)
        await realClock.yield()
      }
      return client.destroyed
    }
    const stranger = session(t, server)
    const dropped = once(stranger, 'close')
    await resetMany(stranger, 4_000)
    await dropped
    const known = session(t, server, pki.admin)
    assert.equal((await http2(known)({ ':path': '/' })).code, 200)
    assert.equal(await resetMany(known, 4_000), false)
  })

  it('cuts off what does not end in time', async (t) => {
    const arrived = deferred<void>()
    const server = await start(t, async (request) => {
      arrived.resolve()
      await once(request.signal, 'abort')
      return json('never')
    })
    const stream = session(t, server).request({ ':path': '/' })
    stream.on('error', () => {})
    await arrived.promise
    const gone = once(stream, 'close')
    await server.close(20)
    await gone
  })

  it('asks for a body only when somebody wants it', async (t) => {
    const server = await start(t, async (request) => {
      if (request.path === '/refused') return json('no', 403)
      if (request.body.type === 'bytes') await request.body.read(10)
      return json('read')
    })
    const ask = async (path: string) => {
      const request = httpsRequest({
        host: '127.0.0.1',
        port: server.port,
        ca: pki.ca.certificate.pem,
        method: 'POST',
        path,
        headers: { expect: '100-continue', 'content-length': 4 },
        agent: false,
      })
      let asked = false
      request.on('continue', () => {
        asked = true
        request.end('body')
      })
      request.flushHeaders()
      const [response] = await once(request, 'response')
      response.resume()
      request.destroy()
      return [response.statusCode, asked]
    }
    assert.deepEqual(await ask('/wanted'), [200, true])
    assert.deepEqual(await ask('/refused'), [403, false])
  })

  it('hands a connection over to who takes it, for as long as it lasts', async (t) => {
    const server = await start(t, async ({ upgrade }) => {
      assert.equal(upgrade, 'echo')
      return {
        code: 101,
        headers: {},
        body: {
          type: 'upgrade',
          async accept({ socket, head }) {
            socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n')
            socket.write('Upgrade: echo\r\n\r\n')
            socket.write(head)
            socket.pipe(socket)
            await once(socket, 'end')
          },
          cancel() {},
        },
      }
    })
    const request = httpsRequest({
      host: '127.0.0.1',
      port: server.port,
      ca: pki.ca.certificate.pem,
      headers: { connection: 'Upgrade', upgrade: 'Echo' },
      agent: false,
    })
    request.end()
    const [, socket] = await once(request, 'upgrade')
    socket.end('hello')
    assert.equal(String((await once(socket, 'data'))[0]), 'hello')
    await once(socket, 'close')
  })

  it('answers requests for other protocols that nobody speaks', async (t) => {
    const server = await start(t, async (request) => {
      const body = request.body.type === 'bytes' ? await request.body.read(10) : undefined
      return json([request.upgrade ?? 'none', Buffer.from(body ?? []).toString()])
    })
    const send = http1(server)
    const ask = async (upgrade: string, body?: string) => {
      const headers = { connection: 'Upgrade', upgrade }
      const reply = await send(
        { ':path': '/', ':method': body === undefined ? 'GET' : 'POST', ...headers },
        body,
      )
      assert.equal(reply.code, 200)
      return JSON.parse(reply.body.toString()) as unknown
    }
    assert.deepEqual(await ask('websocket'), ['websocket', ''])
    assert.deepEqual(await ask('h2c'), ['none', ''])
    assert.deepEqual(await ask('anything', 'body'), ['none', 'body'])
  })

  it('passes on what comes from elsewhere, as it is taken, and cuts it off where it breaks', async (t) => {
    let pieces = 0
    const cancelled = deferred<void>()
    const server = await start(t, ({ path }) =>
      Promise.resolve<ApiResponse>({
        code: 200,
        headers: { 'content-type': 'text/plain' },
        body: {
          type: 'passed',
          cookies: ['a=1', 'b=2'],
          source: {
            async read() {
              pieces++
              if (path === '/broken' && pieces > 1) throw new Error('broken')
              if (path === '/short' && pieces > 2) return undefined
              return Buffer.alloc(path === '/endless' ? 1 << 20 : 3, 'x')
            },
            cancel: () => (path === '/endless' ? cancelled.resolve() : undefined),
          },
        },
      }),
    )
    for (const send of [http1(server), http2(session(t, server))]) {
      pieces = 0
      const reply = await send({ ':path': '/short' })
      assert.equal(reply.body.toString(), 'xxxxxx')
      assert.deepEqual(reply.headers['set-cookie'], ['a=1', 'b=2'])
      pieces = 0
      await assert.rejects(send({ ':path': '/broken' }))
    }
    pieces = 0
    const stream = session(t, server).request({ ':path': '/endless' })
    await once(stream, 'response')
    for (let turns = 0; turns < 100; turns++) await realClock.yield()
    assert.ok(pieces < 32, `${pieces} MiB for who reads nothing`)
    stream.close(constants.NGHTTP2_CANCEL)
    await cancelled.promise
  })

  it('serves on the same port of several addresses, or on none', async (t) => {
    const options = {
      handler: { serve: () => Promise.resolve(json('ok')) },
      clock: realClock,
      log: silentLog,
      certificate: pki.serving.certificate.pem,
      key: privateKeyToPem(pki.serving.key.privateKey),
      clientCas: [],
    }
    const hosts = ['127.0.0.1', '127.0.0.2', '127.0.0.1']
    const server = await serveHttps({ ...options, hosts, port: 0 })
    t.after(() => server.close(0))
    for (const host of hosts) {
      const request = httpsRequest({
        host,
        port: server.port,
        rejectUnauthorized: false,
        agent: false,
      })
      request.end()
      const [response] = await once(request, 'response')
      assert.equal(response.statusCode, 200)
      response.resume()
    }
    const taken = serveHttps({ ...options, hosts: ['127.0.0.3', '127.0.0.2'], port: server.port })
    await assert.rejects(taken, { code: 'EADDRINUSE', host: '127.0.0.2', port: server.port })
    const third = await serveHttps({ ...options, hosts: ['127.0.0.3'], port: server.port })
    await third.close(0)
  })

  it('says which port was taken', async (t) => {
    const server = await start(t, () => Promise.resolve(json('ok')))
    const again = serveHttps({
      handler: { serve: () => Promise.resolve(json('')) },
      clock: realClock,
      log: silentLog,
      hosts: ['127.0.0.1'],
      port: server.port,
      certificate: pki.serving.certificate.pem,
      key: privateKeyToPem(pki.serving.key.privateKey),
      clientCas: [],
    })
    await assert.rejects(again, { code: 'EADDRINUSE' })
  })
})
