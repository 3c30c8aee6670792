import { get } from 'node:http'
import { asError, realClock } from '#base'

export interface Requests {
  /** So far; each began on a connection of its own. */
  readonly answered: number
  /** What went wrong with those that were not answered with 200, and when. */
  readonly failures: readonly string[]
  /** Ends them, and waits for those under way. */
  stop(): Promise<void>
}

const everyMs = 30
/** A server that is slow does not get ever more of them. */
const openMax = 5
const timeoutMs = 5_000

/** Requests without an end, of which none waits for the one before. */
export function constantRequests(url: string): Requests {
  const stopping = new AbortController()
  const failures: string[] = []
  const open = new Set<Promise<void>>()
  let answered = 0
  const one = async () => {
    const startedMs = realClock.elapsed()
    try {
      await request(url)
      answered++
    } catch (error) {
      const at = new Date(realClock.now()).toISOString().slice(11, 23)
      const tookMs = Math.round(realClock.elapsed() - startedMs)
      failures.push(`${at} after ${tookMs} ms: ${asError(error).message}`)
    }
  }
  const run = async () => {
    while (!stopping.signal.aborted) {
      if (open.size < openMax) {
        const asked = one().finally(() => open.delete(asked))
        open.add(asked)
      }
      await realClock.sleep(everyMs, stopping.signal).catch(() => {})
    }
    await Promise.all(open)
  }
  const running = run()
  return {
    get answered() {
      return answered
    },
    failures,
    async stop() {
      stopping.abort()
      await running
    },
  }
}

/** What a server answers on a connection of its own, which is to be 200. */
export function request(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = get(url, { agent: false, timeout: timeoutMs }, (response) => {
      let text = ''
      response.on('error', reject)
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('end', () => {
        if (response.statusCode === 200) resolve(text)
        else reject(new Error(`status ${response.statusCode}: ${text.slice(0, 500)}`))
      })
    })
    asked.on('timeout', () => asked.destroy(new Error('no answer')))
    asked.on('error', reject)
  })
}
