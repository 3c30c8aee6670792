import { once } from 'node:events'
import { realClock } from '#base'
import { run, start, type Ended } from './cluster.ts'

/** A program that runs on a terminal of its own. */
export interface Terminal {
  /** What was shown so far. */
  readonly shown: string
  type(text: string): void
  /** Resolves when that was shown; rejects when it has not been before the program ended. */
  shows(pattern: RegExp): Promise<RegExpMatchArray>
  resize(rows: number, columns: number): Promise<void>
  /** Resolves when it has ended by itself. */
  readonly ended: Promise<Ended>
}

const limitMs = 30_000
const size = { rows: 33, columns: 77 }

/** Runs a command of the shell on a terminal of 33 rows and 77 columns, by script(1). */
export function onTerminal(command: string): Terminal {
  const line = `stty rows ${size.rows} cols ${size.columns}; tty; exec ${command}`
  const child = start('script', ['--quiet', '--return', '--command', line, '/dev/null'])
  let shown = ''
  let over = false
  let look = () => {}
  child.stdin?.on('error', () => {})
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    shown += text
    look()
  })
  const timer = realClock.timer(limitMs, () => child.kill('SIGKILL'))
  const ended = once(child, 'close').then(([code]): Ended => {
    timer.cancel()
    over = true
    look()
    return { code: typeof code === 'number' ? code : -1, out: shown, err: '' }
  })
  const shows = (pattern: RegExp) =>
    new Promise<RegExpMatchArray>((resolve, reject) => {
      look = () => {
        const match = pattern.exec(shown)
        if (match !== null) resolve(match)
        else if (over) reject(new Error(`${command} never showed ${pattern}, but: ${shown}`))
      }
      look()
    })
  return {
    get shown() {
      return shown
    },
    type: (text) => void child.stdin?.write(text),
    shows,
    async resize(rows, columns) {
      const [, device = ''] = await shows(/^(\/dev\/pts\/\d+)\r?$/m)
      await run('stty', ['-F', device, 'rows', String(rows), 'cols', String(columns)])
    },
    ended,
  }
}
