import { errors } from '#machinery'
import type { UserInfo } from '../authentication/user.ts'
import { limits } from '../limits.ts'
import type { Metrics } from '../metrics.ts'
import { isConnect, type RequestInfo } from '../request-info.ts'

/**
 * Bounds the requests being served, reads and writes apart. Long-running ones are not counted, and
 * administrators are let in always, so that an overloaded server can still be looked at.
 */
export class InFlight {
  readonly #metrics: Metrics
  #readOnly = 0
  #mutating = 0
  #whenIdle: (() => void)[] = []

  constructor(metrics: Metrics) {
    this.#metrics = metrics
  }

  /** Enters, or throws upstream's 429. The result leaves; it is called exactly once. */
  enter(info: RequestInfo, user: UserInfo): () => void {
    if (info.verb === 'watch' || isConnect(info)) return this.#metrics.begin('longRunning')
    const kind = readVerbs.has(info.verb) ? 'readOnly' : 'mutating'
    const exempt = user.groups.includes('system:masters')
    if (!exempt && this.#isFull(kind)) {
      this.#metrics.refused(kind)
      throw errors.tooManyRequests('too many requests, please try again later', 1)
    }
    const end = this.#metrics.begin(kind)
    if (kind === 'readOnly') this.#readOnly++
    else this.#mutating++
    return () => {
      if (kind === 'readOnly') this.#readOnly--
      else this.#mutating--
      end()
      if (this.#isIdle()) for (const resolve of this.#whenIdle.splice(0)) resolve()
    }
  }

  /** Resolves when nothing but long-running requests is being served. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isIdle()) resolve()
      else this.#whenIdle.push(resolve)
    })
  }

  #isIdle(): boolean {
    return this.#readOnly === 0 && this.#mutating === 0
  }

  #isFull(kind: 'readOnly' | 'mutating'): boolean {
    return kind === 'readOnly'
      ? this.#readOnly >= limits.readOnlyInFlightMax
      : this.#mutating >= limits.mutatingInFlightMax
  }
}

const readVerbs: ReadonlySet<string> = new Set(['get', 'list', 'head', 'options'])
