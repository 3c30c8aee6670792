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
import { ctx, listen } from './testing/loopback.ts'

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
})
