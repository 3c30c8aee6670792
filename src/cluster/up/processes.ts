import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { inNetworkNamespace } from '#linux'

export interface ProcessOptions {
  readonly command: string
  readonly args: readonly string[]
  /** Beside the environment of this process; secrets are not for everybody's eyes in `args`. */
  readonly env?: Readonly<Record<string, string>>
  readonly networkNamespace?: string
  /** Takes what it prints; grows. */
  readonly log: string
}

/** A process that outlives this one. */
export interface StartedProcess {
  readonly pid: number
  /** Undefined while it runs. */
  readonly exit: () => string | undefined
}

/** What a log of a former run is kept to, beside the new one. */
const logBytesMax = 4 << 20

/** Starts one of this program's commands in a session of its own. */
export function startProcess(options: ProcessOptions): StartedProcess {
  const line = inNetworkNamespace(options.networkNamespace, options)
  mkdirSync(dirname(options.log), { recursive: true, mode: 0o700 })
  if ((statSync(options.log, { throwIfNoEntry: false })?.size ?? 0) > logBytesMax) {
    renameSync(options.log, `${options.log}.1`)
  }
  const log = openSync(options.log, 'a', 0o600)
  const child = spawn(line.command, line.args, {
    stdio: ['ignore', log, log],
    detached: true,
    cwd: '/',
    env: { ...process.env, ...options.env },
  })
  closeSync(log)
  child.unref()
  let exit: string | undefined
  child.once('error', (error) => (exit = error.message))
  child.once('exit', (code, signal) => (exit = `it ended with ${signal ?? `exit code ${code}`}`))
  return { pid: child.pid ?? 0, exit: () => exit }
}

/** What the last run of a process said last. */
export function lastWords(log: string): string {
  try {
    return readFileSync(log, 'utf8').trim().split('\n').slice(-5).join('\n')
  } catch {
    return ''
  }
}
