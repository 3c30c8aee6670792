import { spawn } from 'node:child_process'
import { pipeline } from 'node:stream/promises'
import { asError, type Clock } from '#base'
import { LinuxError } from './error.ts'

export interface ExecOptions {
  /** Default 30 s; then the program is killed. */
  readonly timeoutMs?: number
  /** Bytes that come by and by are taken as the program reads; if they fail, it is killed. */
  readonly input?: string | Uint8Array | AsyncIterable<Uint8Array>
  readonly env?: Readonly<Record<string, string>>
  /** Of standard output and of standard error; what is beyond is cut off. Default 4 MiB. */
  readonly outputBytesMax?: number
}

export interface ExecResult {
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs programs that end by themselves. Rejects with LinuxError: CommandFailed, whose message has
 * the program's last words, or CommandTimedOut; or as its input does.
 */
export interface Exec {
  run(command: string, args: readonly string[], options?: ExecOptions): Promise<ExecResult>
}

const timeoutMsDefault = 30_000
const outputBytesMaxDefault = 4 * 1024 * 1024

export function realExec(clock: Clock): Exec {
  return {
    run(command, args, options = {}) {
      return new Promise((resolve, reject) => {
        const env = options.env === undefined ? process.env : { ...process.env, ...options.env }
        const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] })
        const bytesMax = options.outputBytesMax ?? outputBytesMaxDefault
        const stdout = collected(child.stdout, bytesMax)
        const stderr = collected(child.stderr, bytesMax)
        let late = false
        let inputError: Error | undefined
        const timer = clock.timer(options.timeoutMs ?? timeoutMsDefault, () => {
          late = true
          child.kill('SIGKILL')
        })
        child.on('error', (cause) => {
          timer.cancel()
          const message = `${command} could not be run: ${cause.message}`
          reject(new LinuxError('CommandFailed', message, { cause }))
        })
        child.on('close', (code, signal) => {
          timer.cancel()
          if (inputError !== undefined) return reject(inputError)
          if (code === 0) return resolve({ stdout: stdout(), stderr: stderr() })
          const called = [command, ...args].join(' ')
          if (late) return reject(new LinuxError('CommandTimedOut', `${called}: timed out`))
          const words = stderr().trim() || stdout().trim() || `ended with ${signal ?? code}`
          reject(new LinuxError('CommandFailed', `${called}: ${words}`))
        })
        // A program that does not read its input is no fault.
        child.stdin.on('error', (error) => asError(error))
        const { input } = options
        if (!isStream(input)) return void child.stdin.end(input)
        const chunks = untilFailure(input, (error) => {
          inputError = error
          child.kill('SIGKILL')
        })
        pipeline(chunks, child.stdin).catch(() => {})
      })
    },
  }
}

function isStream(input: ExecOptions['input']): input is AsyncIterable<Uint8Array> {
  return typeof input === 'object' && !(input instanceof Uint8Array)
}

async function* untilFailure(
  source: AsyncIterable<Uint8Array>,
  failed: (error: Error) => void,
): AsyncGenerator<Uint8Array> {
  try {
    yield* source
  } catch (error) {
    failed(asError(error))
  }
}

function collected(stream: NodeJS.ReadableStream, bytesMax: number): () => string {
  const chunks: Buffer[] = []
  let bytes = 0
  stream.on('data', (chunk: Buffer) => {
    if (bytes >= bytesMax) return
    chunks.push(chunk)
    bytes += chunk.length
  })
  return () => Buffer.concat(chunks).toString('utf8')
}
