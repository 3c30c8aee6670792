import { readAll, type BytePipe, type StreamConnection } from './byte-pipe.ts'
import { decodeStatus } from './command-status.ts'
import { commandOffers, subprotocolOf, type CommandVersion } from './command-versions.ts'
import { limits } from './limits.ts'
import {
  commandChannelCount,
  commandChannels,
  type CommandClient,
  type CommandWants,
} from './remote-command.ts'
import { spdyConnection } from './spdy/connection.ts'
import { requestUpgrade, type UpgradeContext, type UpgradeTarget } from './upgrade-client.ts'
import { Channels } from './websocket/channels.ts'
import { WebSocketConnection } from './websocket/connection.ts'

/**
 * The client's end of exec and attach: `wants` must say what the query of the target's path says.
 * Over WebSockets of v4 the end of stdin cannot be told; where that matters, ask for SPDY.
 * Rejects as `requestUpgrade` does, and with Reset or Timeout when the streams are not accepted.
 */
export async function connectRemoteCommand(
  target: UpgradeTarget,
  wants: CommandWants,
  ctx: UpgradeContext,
): Promise<CommandClient> {
  const upgraded = await requestUpgrade(target, commandOffers, ctx)
  const { version, base64 } = subprotocolOf(upgraded)
  if (upgraded.kind === 'spdy') {
    return overSpdy(spdyConnection(upgraded.pipe, { ...ctx, role: 'client' }), wants, version)
  }
  const socket = new WebSocketConnection(upgraded.pipe, { ...ctx, role: 'client' })
  const channels = new Channels(socket, {
    count: commandChannelCount,
    readable: [
      commandChannels.error,
      ...(wants.stdout ? [commandChannels.stdout] : []),
      ...(wants.stderr && !wants.tty ? [commandChannels.stderr] : []),
    ],
    base64,
    closeSignal: version >= 5 ? 'sent' : 'none',
  })
  return overChannels(channels, wants, version)
}

interface Parts {
  readonly version: CommandVersion
  readonly error: BytePipe
  readonly stdin: BytePipe | undefined
  readonly stdout: BytePipe | undefined
  readonly stderr: BytePipe | undefined
  readonly resize: BytePipe | undefined
  readonly closed: Promise<Error | undefined>
  close(): Promise<void>
  abort(): void
}

async function overSpdy(
  connection: StreamConnection,
  wants: CommandWants,
  version: CommandVersion,
): Promise<CommandClient> {
  const open = (wanted: boolean, streamType: string) =>
    wanted ? connection.open({ streamType }) : undefined
  try {
    // In this order: servers of v1 rely on the error stream being the first.
    const error = await connection.open({ streamType: 'error' })
    const stdin = await open(wants.stdin, 'stdin')
    const stdout = await open(wants.stdout, 'stdout')
    const stderr = await open(wants.stderr && !wants.tty, 'stderr')
    const resize = await open(wants.tty && version >= 3, 'resize')
    const { closed } = connection
    const close = () => connection.close()
    const abort = () => connection.abort()
    return client({ version, error, stdin, stdout, stderr, resize, closed, close, abort })
  } catch (error) {
    connection.abort()
    throw error
  }
}

function overChannels(
  channels: Channels,
  wants: CommandWants,
  version: CommandVersion,
): CommandClient {
  const channel = (wanted: boolean, type: keyof typeof commandChannels) =>
    wanted ? channels.stream(commandChannels[type]) : undefined
  return client({
    version,
    error: channels.stream(commandChannels.error),
    stdin: channel(wants.stdin, 'stdin'),
    stdout: channel(wants.stdout, 'stdout'),
    stderr: channel(wants.stderr && !wants.tty, 'stderr'),
    resize: channel(wants.tty, 'resize'),
    closed: channels.closed,
    close: () => channels.close(),
    abort: () => channels.abort(),
  })
}

function client(parts: Parts): CommandClient {
  const { error, ...rest } = parts
  const result = readAll(error, limits.errorBytesMax).then((bytes) =>
    decodeStatus(bytes, parts.version),
  )
  // Who waits for the result hears of it; who does not has `closed`.
  result.catch(() => undefined)
  return { ...rest, result }
}
