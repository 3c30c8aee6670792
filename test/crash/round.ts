import { spawn } from 'node:child_process'
import { realClock, realRandom } from '#base'
import { checkAfterCrash, type Known, type Verdict } from './checker.ts'
import { LineReader } from './record.ts'

/** How long a process may live after it is ready, at most. */
const lifeMaxMs = 250
const startMaxMs = 30_000

/**
 * One round: a process writes to the store of the directory and is killed at a random moment; then
 * what it left is checked. `before` is what the last round found there.
 */
export async function crashRound(dataDir: string, before: Known): Promise<Verdict> {
  const reader = new LineReader()
  const child = spawn(
    process.execPath,
    ['--conditions=source', `${import.meta.dirname}/child.ts`, dataDir],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const ended = new Promise<string>((resolve, reject) => {
    let complaint = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
    child.once('error', reject)
    child.once('close', (_code, signal) => {
      if (signal === 'SIGKILL') resolve('')
      else reject(new Error(`the process ended by itself: ${complaint}`))
    })
  })
  const ready = new Promise<void>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      reader.add(text)
      if (reader.lines.length > 0) resolve()
    })
  })
  const startTimer = realClock.timer(startMaxMs, () => child.kill('SIGKILL'))
  // Now and then it dies while it starts.
  if (realRandom.integer(8) === 0) await realClock.sleep(realRandom.integer(250))
  else {
    await Promise.race([ready, ended])
    await realClock.sleep(realRandom.integer(lifeMaxMs))
  }
  child.kill('SIGKILL')
  startTimer.cancel()
  await ended
  return checkAfterCrash(dataDir, before, reader.lines)
}
