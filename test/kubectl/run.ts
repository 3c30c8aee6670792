import { spawn } from 'node:child_process'
import type { Kubectl } from './kubectls.ts'

/** One call of kubectl and what it has to say. Rows of a table run in order on one server. */
export interface Row {
  /** As on a command line; quotes group, and nothing else is special. */
  readonly args: string
  readonly stdin?: string
  /**
   * Standard output and standard error, whole. Runs of blanks count as one; `<age>`, `<any>` and
   * `<text>` stand for an age, something without blanks, and something within a line. What is not
   * given is not looked at, except that standard error is empty where the row succeeds.
   */
  readonly out?: string | RegExp
  readonly err?: string | RegExp
  readonly exit?: number
  /** The minor versions of kubectl that run the row. */
  readonly since?: number
  readonly until?: number
  /** Environment, such as an editor. */
  readonly env?: Readonly<Record<string, string>>
}

export interface Outcome {
  readonly out: string
  readonly err: string
  readonly exit: number
}

const limitMs = 30_000

export function runKubectl(
  kubectl: Kubectl,
  row: Pick<Row, 'args' | 'env' | 'stdin'>,
  env: Readonly<Record<string, string>>,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(kubectl.path, splitWords(row.args), {
      env: { PATH: process.env['PATH'] ?? '', ...env, ...row.env },
      timeout: limitMs,
    })
    let out = ''
    let err = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
    child.on('error', reject)
    child.on('close', (code, signal) =>
      resolve({ out, err: signal === null ? err : `${err}(killed: ${signal})`, exit: code ?? -1 }),
    )
    child.stdin.on('error', () => {})
    child.stdin.end(row.stdin ?? '')
  })
}

/** What is wrong with an outcome, in lines; empty when nothing is. */
export function judge(row: Row, outcome: Outcome): string {
  const problems: string[] = []
  const exit = row.exit ?? 0
  if (outcome.exit !== exit) problems.push(`exit ${outcome.exit}, expected ${exit}`)
  const err = row.err ?? (exit === 0 ? '' : undefined)
  for (const [name, expected, actual] of [
    ['out', row.out, outcome.out],
    ['err', err, outcome.err],
  ] as const) {
    if (expected !== undefined && !matches(expected, actual)) {
      problems.push(`${name}: ${JSON.stringify(actual)}\n  expected ${String(expected)}`)
    }
  }
  if (problems.length > 0) problems.push(`stderr: ${outcome.err}`)
  return problems.join('\n')
}

function matches(expected: string | RegExp, actual: string): boolean {
  if (expected instanceof RegExp) return expected.test(actual)
  const pattern = tidy(expected)
    .replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('<age>', String.raw`\d+[smhd]\d*[smhd]?`)
    .replaceAll('<any>', String.raw`\S+`)
    .replaceAll('<text>', '.*')
  return new RegExp(`^${pattern}$`).test(tidy(actual))
}

function tidy(text: string): string {
  return text
    .split('\n')
    .map((line) => line.replace(/[ \t]+/g, ' ').trimEnd())
    .join('\n')
    .trim()
}

export function splitWords(line: string): string[] {
  const words = line.match(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g) ?? []
  return words.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'))
}
