import type { Clock } from '#base'

export interface Progress {
  /** What is done next; the step before is done. */
  readonly step: (text: string) => void
  /** The last step is over, or has failed. */
  end(failed?: boolean): void
}

type Terminal = Pick<NodeJS.WriteStream, 'write' | 'isTTY'>

/** Says each step: on a terminal with what it took, elsewhere as a plain line. */
export function showProgress(to: Terminal, clock: Clock): Progress {
  let current: { readonly text: string; readonly atMs: number } | undefined
  const finish = (mark: string) => {
    if (current === undefined) return
    const seconds = ((clock.elapsed() - current.atMs) / 1000).toFixed(1)
    if (to.isTTY) to.write(`\r\u001b[K ${mark} ${current.text} \u001b[2m${seconds} s\u001b[0m\n`)
    current = undefined
  }
  return {
    step(text) {
      finish('✓')
      current = { text, atMs: clock.elapsed() }
      to.write(to.isTTY ? ` • ${text} …` : `k8ts: ${text}\n`)
    },
    end(failed = false) {
      finish(failed ? '✗' : '✓')
    },
  }
}
