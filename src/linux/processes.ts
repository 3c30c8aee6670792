import { readdir, readFile } from 'node:fs/promises'
import { poll, type Clock } from '#base'
import { LinuxError } from './error.ts'

/** The processes whose command lines match, this one not. One that has ended has no command line. */
export async function findProcesses(
  matches: (words: readonly string[]) => boolean,
): Promise<number[]> {
  const found: number[] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue
    const text = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')
    if (text !== '' && matches(text.split('\0'))) found.push(Number(name))
  }
  return found
}

/** Sends a signal; a process that has ended meanwhile is no error. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ESRCH') return
    throw new LinuxError('Refused', `process ${pid} cannot be stopped by this user`, { cause })
  }
}

/** How long processes may take to end when they are asked to, then when they are made to. */
const politeMs = 15_000
const forcedMs = 5_000
const pollMs = 20

/**
 * Asks processes to end, later makes them, and waits until `find` finds none. Rejects with a
 * LinuxError when some do not end. True when there were any.
 */
export async function endProcesses(
  find: () => Promise<readonly number[]> | readonly number[],
  what: string,
  clock: Clock,
): Promise<boolean> {
  if ((await find()).length === 0) return false
  for (const [signal, timeoutMs] of [
    ['SIGTERM', politeMs],
    ['SIGKILL', forcedMs],
  ] as const) {
    for (const pid of await find()) signalProcess(pid, signal)
    const gone = await poll({ clock, intervalMs: pollMs, timeoutMs, what }, async () => {
      return (await find()).length === 0
    }).catch(() => false)
    if (gone) return true
  }
  throw new LinuxError('Refused', `${what} does not end: process ${(await find()).join(', ')}`)
}
