import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  acceptRemoteCommand,
  commandExited,
  connectRemoteCommand,
  encodeTerminalSize,
  exitCodeOf,
  proxyRemoteCommand,
  pump,
  readAll,
  terminalSizes,
  type CommandWants,
  type UpgradeRequest,
} from './index.ts'
import { ctx, listen } from './testing/loopback.ts'

const all: CommandWants = { stdin: true, stdout: true, stderr: true, tty: false }
const carriers = ['websocket', 'spdy'] as const

/** Copies stdin to stdout until its end, says a word on stderr and ends with code 3. */
async function echo(request: UpgradeRequest): Promise<void> {
  const command = await acceptRemoteCommand(request, all, ctx)
  const { stdin, stdout, stderr } = command
  if (stdin === undefined || stdout === undefined) throw new Error('streams are missing')
  await pump(stdin, stdout)
  await stderr?.write(Buffer.from('done'))
  await command.finish(commandExited(3, 'exit status 3'))
}

describe('a remote command', () => {
  for (const carrier of carriers) {
    it(`has its streams, the end of stdin and its exit code over ${carrier}`, async () => {
      await using server = await listen(echo)
      const command = await connectRemoteCommand(server.target([carrier]), all, ctx)
      assert.equal(command.version, carrier === 'spdy' ? 4 : 5)
      await checkEcho(command, 3_000_000)
      assert.deepEqual(server.failures, [])
    })
  }

  for (const incoming of carriers) {
    for (const outgoing of carriers) {
      it(`passes a proxy from ${incoming} to ${outgoing}`, async () => {
        await using server = await listen(echo)
        await using proxy = await listen(async (request) => {
          const wanted = await connectRemoteCommand(server.target([outgoing]), all, ctx)
          await proxyRemoteCommand(await acceptRemoteCommand(request, all, ctx), wanted)
        })
        const command = await connectRemoteCommand(proxy.target([incoming]), all, ctx)
        await checkEcho(command, 1_000_000)
        assert.deepEqual([...server.failures, ...proxy.failures], [])
      })
    }
  }

  for (const carrier of carriers) {
    it(`tells the sizes of a terminal over ${carrier}`, async () => {
      const wants = { stdin: false, stdout: true, stderr: false, tty: true }
      await using server = await listen(async (request) => {
        const command = await acceptRemoteCommand(request, wants, ctx)
        if (command.resize === undefined) throw new Error('no resize stream')
        for await (const { width, height } of terminalSizes(command.resize)) {
          await command.stdout?.write(Buffer.from(`${width}x${height} `))
          if (width === 100) break
        }
        await command.finish({ status: 'Success' })
      })
      const command = await connectRemoteCommand(server.target([carrier]), wants, ctx)
      await command.resize?.write(encodeTerminalSize({ width: 80, height: 24 }))
      await command.resize?.write(encodeTerminalSize({ width: 100, height: 30 }))
      if (command.stdout === undefined) throw new Error('no stdout')
      assert.equal((await readAll(command.stdout, 100)).toString(), '80x24 100x30 ')
      assert.equal(exitCodeOf(await command.result), 0)
      await command.close()
    })
  }

  it('ends with an error when the server is lost', async () => {
    for (const carrier of carriers) {
      await using server = await listen(async (request) => {
        const command = await acceptRemoteCommand(request, all, ctx)
        command.abort()
      })
      const command = await connectRemoteCommand(server.target([carrier]), all, ctx)
      await assert.rejects(command.result, { name: 'StreamingError' })
      assert.notEqual(await command.closed, undefined)
    }
  })

  it('is let go by a proxy when its client is lost', async () => {
    for (const carrier of carriers) {
      const ends: (Error | undefined)[] = []
      const { promise: ended, resolve } = Promise.withResolvers<void>()
      await using server = await listen(async (request) => {
        const command = await acceptRemoteCommand(request, all, ctx)
        ends.push(await command.closed)
        resolve()
      })
      await using proxy = await listen(async (request) => {
        const wanted = await connectRemoteCommand(server.target([carrier]), all, ctx)
        await proxyRemoteCommand(await acceptRemoteCommand(request, all, ctx), wanted)
      })
      const command = await connectRemoteCommand(proxy.target([carrier]), all, ctx)
      command.abort()
      await ended
      assert.equal(ends.length, 1)
    }
  })

  it('falls back to SPDY from a server without WebSockets, and says what refused it', async () => {
    await using server = await listen(async (request) => {
      await echo(
        request.headers.upgrade === 'websocket'
          ? { ...request, headers: { ...request.headers, 'sec-websocket-version': '8' } }
          : request,
      )
    })
    const target = server.target(['websocket', 'spdy'])
    const command = await connectRemoteCommand(target, all, ctx)
    assert.equal(command.version, 4)
    await checkEcho(command, 10)
    const refused = connectRemoteCommand(server.target(['websocket']), all, ctx)
    await assert.rejects(refused, { reason: 'UpgradeRefused', httpStatus: 426 })
  })
})

async function checkEcho(
  command: Awaited<ReturnType<typeof connectRemoteCommand>>,
  bytes: number,
): Promise<void> {
  const { stdin, stdout, stderr, result } = command
  if (stdin === undefined || stdout === undefined || stderr === undefined) {
    throw new Error('streams are missing')
  }
  const sent = Buffer.alloc(bytes, 'abcdefg')
  const sending = (async () => {
    for (let at = 0; at < sent.length; at += 50_000)
      await stdin.write(sent.subarray(at, at + 50_000))
    await stdin.end()
  })()
  const [out, err] = await Promise.all([readAll(stdout, bytes + 1), readAll(stderr, 100), sending])
  assert.ok(out.equals(sent))
  assert.equal(err.toString(), 'done')
  assert.equal(exitCodeOf(await result), 3)
  await command.close()
}
