import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  acceptPortForward,
  connectPortForward,
  proxyPortForward,
  pump,
  readAll,
  type UpgradeRequest,
} from './index.ts'
import { spdyConnection } from './spdy/connection.ts'
import { ctx, listen } from './testing/loopback.ts'
import { requestUpgrade } from './upgrade-client.ts'
import { WebSocketConnection } from './websocket/connection.ts'

const carriers = ['websocket', 'spdy'] as const

/** Echoes on every port but 13, of which it complains. */
async function serve(request: UpgradeRequest): Promise<void> {
  const forward = await acceptPortForward(request, [], ctx)
  const ports: Promise<void>[] = []
  for (;;) {
    const forwarded = await forward.accept()
    if (forwarded === undefined) break
    const { port, data, error } = forwarded
    if (port === 13) {
      await error.write(Buffer.from('connection refused'))
      await error.end()
      await data.end()
      continue
    }
    await data.write(Buffer.from(`port ${port}: `))
    ports.push(pump(data, data).then(() => error.end()))
  }
  await Promise.all(ports)
}

async function check(
  forward: Awaited<ReturnType<typeof connectPortForward>>,
  bytes: number,
): Promise<void> {
  const one = await forward.open(80)
  const other = await forward.open(81)
  const refused = await forward.open(13)
  assert.equal((await readAll(refused.error, 100)).toString(), 'connection refused')
  const sent = Buffer.alloc(bytes, 'xyz')
  for (const { port, data, error } of [other, one]) {
    const sending = (async () => {
      await data.write(sent)
      await data.end()
    })()
    const [got] = await Promise.all([readAll(data, bytes + 100), sending])
    assert.ok(got.equals(Buffer.concat([Buffer.from(`port ${port}: `), sent])))
    assert.equal((await readAll(error, 100)).length, 0)
  }
  await forward.close()
}

describe('a port-forward', () => {
  for (const carrier of carriers) {
    it(`has many connections, each with its ends, over ${carrier}`, async () => {
      await using server = await listen(serve)
      await check(await connectPortForward(server.target([carrier]), ctx), 2_000_000)
      assert.deepEqual(server.failures, [])
    })
  }

  for (const incoming of carriers) {
    for (const outgoing of carriers) {
      it(`passes a proxy from ${incoming} to ${outgoing}`, async () => {
        await using server = await listen(serve)
        await using proxy = await listen(async (request) => {
          const wanted = await connectPortForward(server.target([outgoing]), ctx)
          await proxyPortForward(await acceptPortForward(request, [], ctx), wanted)
        })
        await check(await connectPortForward(proxy.target([incoming]), ctx), 500_000)
        assert.deepEqual([...server.failures, ...proxy.failures], [])
      })
    }
  }

  it('has two channels for each port by the older way, which begin with the port', async () => {
    await using server = await listen(async (request) => {
      const forward = await acceptPortForward(request, [80, 8080], ctx)
      for (const port of [80, 8080]) assert.equal((await forward.accept())?.port, port)
      await forward.close()
      assert.equal(await forward.accept(), undefined)
    })
    const offers = { websocket: ['v4.channel.k8s.io'], spdy: [] }
    const { pipe } = await requestUpgrade(server.target(['websocket']), offers, ctx)
    const socket = new WebSocketConnection(pipe, { ...ctx, role: 'client' })
    const got: string[] = []
    for (;;) {
      const piece = await socket.read()
      if (piece === undefined) break
      got.push(piece.bytes.toString('hex'))
    }
    assert.deepEqual(got, ['005000', '015000', '02901f', '03901f'])
    assert.deepEqual(server.failures, [])
  })

  it('refuses streams without a port, and pairs what old clients do not name', async () => {
    await using server = await listen(serve)
    const offers = { websocket: [], spdy: ['portforward.k8s.io'] }
    const { pipe } = await requestUpgrade(server.target(['spdy']), offers, ctx)
    const connection = spdyConnection(pipe, { clock: ctx.clock, role: 'client' })
    for (const port of ['', '0', '65536', '8o']) {
      const opening = connection.open({ streamType: 'error', port })
      await assert.rejects(opening, { reason: 'Reset' })
    }
    await connection.open({ streamType: 'error', port: '80' })
    const data = await connection.open({ streamType: 'data', port: '80' })
    assert.equal(Buffer.from((await data.read()) ?? []).toString(), 'port 80: ')
    connection.abort()
  })
})
