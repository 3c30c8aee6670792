import { text, type Reply } from './reply.ts'

export interface HealthChecks {
  /** By their names, in order: why something is not well, or undefined. */
  readonly [name: string]: () => string | undefined
}

/** Answers one check or all of them, as upstream's handlers do. */
export function healthz(
  checks: HealthChecks,
  check: string | undefined,
  query: URLSearchParams,
): Reply {
  if (check !== undefined) {
    const ask = Object.hasOwn(checks, check) ? checks[check] : undefined
    if (ask === undefined) return text(404, '404: Page Not Found')
    const problem = ask()
    return problem === undefined
      ? text(200, 'ok')
      : text(500, `internal server error: ${problem}\n`)
  }
  const excluded = new Set(query.getAll('exclude'))
  const asked = Object.entries(checks).filter(([name]) => !excluded.has(name))
  const failed = asked.filter(([, ask]) => ask() !== undefined).map(([name]) => name)
  const lines = asked.map(([name]) =>
    failed.includes(name) ? `[-]${name} failed: reason withheld\n` : `[+]${name} ok\n`,
  )
  if (failed.length > 0) return text(500, `${lines.join('')}healthz check failed\n`)
  return text(200, query.has('verbose') ? `${lines.join('')}healthz check passed\n` : 'ok')
}
