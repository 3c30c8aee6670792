/** One flag of a command. Flags are written --name value or --name=value. */
export interface Flag {
  /** What stands for the value in help; a flag without one is a switch. */
  readonly value?: string
  readonly help: string
  /** Where the flag is absent, as help shows it. */
  readonly fallback?: string
  /** May be given more than once, or hold a list with commas. */
  readonly repeated?: boolean
  /** A switch that may also be written --name=true and --name=false. */
  readonly boolean?: boolean
}

export interface Command {
  readonly name: string
  /** What follows the flags: FILE. */
  readonly operands?: readonly string[]
  /** One line. */
  readonly summary: string
  /** More, for the command's own help. */
  readonly details?: string
  readonly flags: Readonly<Record<string, Flag>>
  /** Resolves with the exit code. */
  run(args: Args): Promise<number>
}

/** A wrong call of the command: one sentence for the user, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The flags and operands of one call, checked against their command. */
export class Args {
  readonly #values: ReadonlyMap<string, readonly string[]>
  readonly operands: readonly string[]

  constructor(values: ReadonlyMap<string, readonly string[]>, operands: readonly string[]) {
    this.#values = values
    this.operands = operands
  }

  has(flag: string): boolean {
    return this.#values.has(flag)
  }

  text(flag: string): string | undefined {
    return this.#values.get(flag)?.at(-1)
  }

  list(flag: string): readonly string[] {
    return (this.#values.get(flag) ?? []).flatMap((value) => value.split(','))
  }

  operand(index: number): string {
    const value = this.operands[index]
    if (value === undefined) throw new UsageError('an operand is missing')
    return value
  }
}

export function parseArgs(command: Command, words: readonly string[]): Args {
  const values = new Map<string, string[]>()
  const operands: string[] = []
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? ''
    if (word === '--') {
      operands.push(...words.slice(i + 1))
      break
    }
    if (!word.startsWith('-') || word === '-') {
      operands.push(word)
      continue
    }
    const [name = '', ...rest] = word.replace(/^--?/, '').split('=')
    const flag = Object.hasOwn(command.flags, name) ? command.flags[name] : undefined
    if (flag === undefined) throw new UsageError(unknownFlag(command, name))
    const inline = rest.length > 0 ? rest.join('=') : undefined
    let value = inline ?? ''
    if (flag.value === undefined && inline !== undefined && flag.boolean !== true) {
      throw new UsageError(`--${name} takes no value`)
    }
    if (flag.value !== undefined && inline === undefined) {
      i++
      const next = words[i]
      if (next === undefined) throw new UsageError(`--${name} needs a value: ${flag.value}`)
      value = next
    }
    if (flag.value !== undefined && value === '') {
      throw new UsageError(`--${name} needs a value: ${flag.value}`)
    }
    const present = values.get(name)
    if (present === undefined) values.set(name, [value])
    else if (flag.repeated === true) present.push(value)
    else throw new UsageError(`--${name} is given twice`)
  }
  checkOperands(command, operands)
  return new Args(values, operands)
}

function checkOperands(command: Command, operands: readonly string[]): void {
  const expected = command.operands ?? []
  const missing = expected[operands.length]
  if (missing !== undefined) throw new UsageError(`k8ts ${command.name} needs ${missing}`)
  const extra = operands[expected.length]
  if (extra !== undefined) {
    throw new UsageError(`k8ts ${command.name} does not know what to do with "${extra}"`)
  }
}

function unknownFlag(command: Command, name: string): string {
  const close = Object.keys(command.flags).find((flag) => distance(flag, name) <= 2)
  const hint =
    close === undefined ? `k8ts help ${command.name} lists them` : `did you mean --${close}?`
  return `k8ts ${command.name} has no flag --${name}: ${hint}`
}

/** How many letters differ (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

/** What a switch says; one without a value is on. */
export function booleanFlag(args: Args, flag: string, fallback: boolean): boolean {
  const text = args.text(flag)
  if (text === undefined) return fallback
  if (text === '' || text === 'true') return true
  if (text === 'false') return false
  throw new UsageError(`--${flag} is true or false, not "${text}"`)
}

/** A whole number within bounds. */
export function integerFlag(args: Args, flag: string, fallback: number, max: number): number {
  const text = args.text(flag)
  if (text === undefined) return fallback
  if (!/^\d{1,9}$/.test(text) || Number(text) > max) {
    throw new UsageError(`--${flag} is a number from 0 to ${max}, not "${text}"`)
  }
  return Number(text)
}

export function formatHelp(command: Command): string {
  const names = Object.entries(command.flags).map(([name, flag]) => ({
    left: `--${name}${flag.boolean === true ? '[=false]' : ''}${flag.value === undefined ? '' : ` ${flag.value}`}`,
    right: `${flag.help}${flag.fallback === undefined ? '' : ` (default ${flag.fallback})`}`,
  }))
  const width = Math.max(0, ...names.map(({ left }) => left.length))
  const operands = (command.operands ?? []).map((operand) => ` ${operand}`).join('')
  const flags = names.map(({ left, right }) => `  ${left.padEnd(width)}  ${right}`)
  return [
    `${command.summary}.`,
    ...(command.details === undefined ? [] : ['', command.details]),
    '',
    `  k8ts ${command.name}${names.length > 0 ? ' [flags]' : ''}${operands}`,
    ...(flags.length > 0 ? ['', ...flags] : []),
    '',
  ].join('\n')
}
