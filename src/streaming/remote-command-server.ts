import type { Clock, Random } from '#base'
import type { BytePipe, ByteStream, StreamConnection, StreamHeaders } from './byte-pipe.ts'
import { encodeStatus, type CommandStatus } from './command-status.ts'
import { commandSubprotocols, subprotocolOf, type CommandVersion } from './command-versions.ts'
import { StreamingError } from './error.ts'
import { limits } from './limits.ts'
import {
  commandChannelCount,
  commandChannels,
  type CommandServer,
  type CommandWants,
} from './remote-command.ts'
import { spdyConnection } from './spdy/connection.ts'
import { acceptUpgrade, type UpgradeRequest } from './upgrade-server.ts'
import { Channels } from './websocket/channels.ts'
import { WebSocketConnection } from './websocket/connection.ts'

/**
 * The server's end of exec and attach, whatever carrier and version the client speaks. Rejects with
 * StreamingError after having told the client: UpgradeRefused; Timeout when it does not open its
 * streams; ConnectionLost.
 */
export async function acceptRemoteCommand(
  request: UpgradeRequest,
  wants: CommandWants,
  ctx: { readonly clock: Clock; readonly random: Random },
): Promise<CommandServer> {
  const upgraded = acceptUpgrade(request, commandSubprotocols)
  const { version, base64 } = subprotocolOf(upgraded)
  if (upgraded.kind === 'spdy') {
    const admits = (headers: StreamHeaders) => isStreamType(headers['streamtype'])
    const connection = spdyConnection(upgraded.pipe, { clock: ctx.clock, role: 'server', admits })
    return overSpdy(connection, wants, version, ctx.clock)
  }
  const socket = new WebSocketConnection(upgraded.pipe, { ...ctx, role: 'server' })
  const channels = new Channels(socket, {
    count: commandChannelCount,
    readable: [
      ...(wants.stdin ? [commandChannels.stdin] : []),
      ...(wants.tty ? [commandChannels.resize] : []),
    ],
    base64,
    closeSignal: version >= 5 ? 'understood' : 'none',
  })
  return overChannels(channels, wants, version)
}

type StreamType = keyof typeof commandChannels

function isStreamType(name: string | undefined): name is StreamType {
  return name !== undefined && Object.hasOwn(commandChannels, name)
}

interface Parts {
  readonly version: CommandVersion
  readonly streams: Partial<Record<StreamType, BytePipe>>
  readonly closed: Promise<Error | undefined>
  close(): Promise<void>
  abort(): void
}

async function overSpdy(
  connection: StreamConnection,
  wants: CommandWants,
  version: CommandVersion,
  clock: Clock,
): Promise<CommandServer> {
  const expected = new Set<StreamType>(['error'])
  if (wants.stdin) expected.add('stdin')
  if (wants.stdout) expected.add('stdout')
  if (wants.stderr && !wants.tty) expected.add('stderr')
  if (wants.tty && version >= 3) expected.add('resize')
  const streams: Partial<Record<StreamType, ByteStream>> = {}
  let late = false
  const timer = clock.timer(limits.streamCreationMs, () => {
    late = true
    connection.abort()
  })
  while (expected.size > 0) {
    const stream = await connection.accept()
    if (stream === undefined) break
    const type = stream.headers['streamtype']
    if (!isStreamType(type) || !expected.delete(type)) {
      stream.abort()
      continue
    }
    streams[type] = stream
  }
  timer.cancel()
  if (late) throw new StreamingError('Timeout', 'timed out waiting for client to create streams')
  if (expected.size > 0) {
    connection.abort()
    throw new StreamingError('ConnectionLost', 'the client left before it had created its streams')
  }
  refuseMore(connection)
  return server({
    version,
    streams,
    closed: connection.closed,
    close: () => connection.close(),
    abort: () => connection.abort(),
  })
}

/** Streams beyond those of the command are of no use to anybody. */
function refuseMore(connection: StreamConnection): void {
  const refuse = (stream: ByteStream | undefined): void => {
    if (stream === undefined) return
    stream.abort()
    connection.accept().then(refuse, () => undefined)
  }
  connection.accept().then(refuse, () => undefined)
}

async function overChannels(
  channels: Channels,
  wants: CommandWants,
  version: CommandVersion,
): Promise<CommandServer> {
  const channel = (type: StreamType) => channels.stream(commandChannels[type])
  const streams = {
    error: channel('error'),
    ...(wants.stdin && { stdin: channel('stdin') }),
    ...(wants.stdout && { stdout: channel('stdout') }),
    ...(wants.stderr && !wants.tty && { stderr: channel('stderr') }),
    ...(wants.tty && { resize: channel('resize') }),
  }
  // An empty message on a channel of the server's tells the client that it is there.
  await (streams.stdout ?? streams.stderr ?? streams.error).write(new Uint8Array(0))
  return server({
    version,
    streams,
    closed: channels.closed,
    close: () => channels.close(),
    abort: () => channels.abort(),
  })
}

function server(parts: Parts): CommandServer {
  const { version, streams, closed } = parts
  const { stdin, stdout, stderr, resize } = streams
  return {
    version,
    stdin,
    stdout,
    stderr,
    resize,
    closed,
    abort: () => parts.abort(),
    async finish(status: CommandStatus): Promise<void> {
      try {
        const words = encodeStatus(status, version)
        if (words !== undefined) await streams.error?.write(words)
        for (const stream of [streams.error, stdout, stderr]) await stream?.end()
      } finally {
        await parts.close()
      }
    },
  }
}
