import type { BytePipe } from './byte-pipe.ts'
import type { CommandStatus } from './command-status.ts'
import type { CommandVersion } from './command-versions.ts'

/** Which streams a remote command has: those its client asked for, in the query of its request. */
export interface CommandWants {
  readonly stdin: boolean
  readonly stdout: boolean
  /** Not with a terminal, which has one output. */
  readonly stderr: boolean
  readonly tty: boolean
}

/**
 * The streams of a remote command (exec, attach), the same on both ends and over every carrier. A
 * server reads stdin and resize and writes stdout and stderr; a client the other way round. There
 * are those that were wanted; resize with a terminal, where the version has it.
 */
export interface CommandStreams {
  readonly version: CommandVersion
  readonly stdin: BytePipe | undefined
  readonly stdout: BytePipe | undefined
  readonly stderr: BytePipe | undefined
  /** See `terminalSizes` and `encodeTerminalSize`. */
  readonly resize: BytePipe | undefined
  /** Resolves when the connection is over: with nothing after a farewell, else with why. */
  readonly closed: Promise<Error | undefined>
  /** Hangs up without a word. */
  abort(): void
}

/** The end that runs the command. */
export interface CommandServer extends CommandStreams {
  /**
   * Tells how the command ended, as far as the version can, ends what was written and hangs up.
   * Everything written before arrives before it.
   */
  finish(status: CommandStatus): Promise<void>
}

/** The end that asked for it. */
export interface CommandClient extends CommandStreams {
  /** How the command ended. Rejects with StreamingError when the connection ends before. */
  readonly result: Promise<CommandStatus>
  /** Hangs up in good order; what the command then does is the server's affair. */
  close(): Promise<void>
}

/** Channels of a WebSocket; over SPDY they are told apart by the header `streamType`. */
export const commandChannels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const
export const commandChannelCount = 5
