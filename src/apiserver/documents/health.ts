import type { ApiRequest, DocumentAnswer } from '../request.ts'
import { textDocument } from './document.ts'

/** One named check; undefined when it is well, else why not, in one line. */
export interface HealthCheck {
  readonly name: string
  readonly of: readonly ('healthz' | 'livez' | 'readyz')[]
  check(): string | undefined
}

/** /healthz, /livez and /readyz, whole or one check of them, in upstream's form. */
export class Health {
  readonly #checks: readonly HealthCheck[]

  constructor(checks: readonly HealthCheck[]) {
    this.#checks = checks
  }

  /** Undefined when the path is none of ours. */
  answer(request: ApiRequest): DocumentAnswer | undefined {
    const [, endpoint = '', name, ...rest] = request.path.split('/')
    if (endpoint !== 'healthz' && endpoint !== 'livez' && endpoint !== 'readyz') return undefined
    const checks = this.#checks.filter((check) => check.of.includes(endpoint))
    if (rest.length > 0) return undefined
    if (name === undefined || name === '') return this.#all(endpoint, checks, request)
    const check = checks.find((candidate) => candidate.name === name)
    if (check === undefined) return undefined
    const why = check.check()
    return why === undefined
      ? textDocument('ok')
      : textDocument(`internal server error: ${why}\n`, 500)
  }

  /** The result of each check, by name. */
  results(endpoint: 'healthz' | 'livez' | 'readyz'): ReadonlyMap<string, string | undefined> {
    const checks = this.#checks.filter((check) => check.of.includes(endpoint))
    return new Map(checks.map((check) => [check.name, check.check()]))
  }

  #all(endpoint: string, checks: readonly HealthCheck[], request: ApiRequest): DocumentAnswer {
    const excluded = new Set(request.query.getAll('exclude'))
    const lines: string[] = []
    let failed = false
    for (const check of checks) {
      if (excluded.delete(check.name)) {
        lines.push(`[+]${check.name} excluded: ok`)
        continue
      }
      const why = check.check()
      if (why !== undefined) failed = true
      lines.push(why === undefined ? `[+]${check.name} ok` : `[-]${check.name} failed: ${why}`)
    }
    for (const unknown of excluded) {
      lines.push(`warn: some health checks cannot be excluded: no matches for "${unknown}"`)
    }
    if (failed) return textDocument(`${lines.join('\n')}\n${endpoint} check failed\n`, 500)
    const verbose = request.query.has('verbose')
    return textDocument(verbose ? `${lines.join('\n')}\n${endpoint} check passed\n` : 'ok')
  }
}
