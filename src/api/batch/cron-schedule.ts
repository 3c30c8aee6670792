import { DurationError, parseDuration } from '#machinery'

/** The fields of a schedule, as robfig/cron's standard parser has them. */
const fields: readonly CronField[] = [
  { min: 0, max: 59, names: [] },
  { min: 0, max: 23, names: [] },
  { min: 1, max: 31, names: [] },
  { min: 1, max: 12, names: 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ') },
  { min: 0, max: 6, names: 'sun mon tue wed thu fri sat'.split(' ') },
]

interface CronField {
  readonly min: number
  readonly max: number
  /** Of the values from `min` on. */
  readonly names: readonly string[]
}

const descriptors = [
  '@yearly',
  '@annually',
  '@monthly',
  '@weekly',
  '@daily',
  '@midnight',
  '@hourly',
]

/**
 * What is wrong with a cron schedule, in the words of robfig/cron; undefined when it is valid. A
 * leading `TZ=` or `CRON_TZ=` is passed over: whether it may be there is another question.
 */
export function cronProblem(schedule: string): string | undefined {
  const text = schedule.replace(/^(?:CRON_)?TZ=\S* */, '').trim()
  if (text === '') return 'empty spec string'
  if (text.startsWith('@')) return descriptorProblem(text)
  const parts = text.split(/\s+/)
  if (parts.length !== fields.length) {
    return `expected exactly 5 fields, found ${parts.length}: [${parts.join(' ')}]`
  }
  for (const [at, field] of fields.entries()) {
    for (const range of (parts[at] ?? '').split(',')) {
      const problem = rangeProblem(range, field)
      if (problem !== undefined) return problem
    }
  }
  return undefined
}

function descriptorProblem(text: string): string | undefined {
  if (descriptors.includes(text)) return undefined
  const every = '@every '
  if (!text.startsWith(every)) return `unrecognized descriptor: ${text}`
  try {
    parseDuration(text.slice(every.length))
    return undefined
  } catch (error) {
    if (!(error instanceof DurationError)) throw error
    return `failed to parse duration ${text}: ${error.message}`
  }
}

/** `*`, `?`, `a` or `a-b`, each with an optional `/step`. */
function rangeProblem(text: string, field: CronField): string | undefined {
  const [range = '', step, ...steps] = text.split('/')
  const [low = '', high, ...more] = range.split('-')
  const all = low === '*' || low === '?'
  if (!all && more.length > 0) return `too many hyphens: ${text}`
  if (steps.length > 0) return `too many slashes: ${text}`
  const start = all ? field.min : valueOf(low, field)
  if (typeof start === 'string') return start
  const end = endOf(start, all, high, step, field)
  if (typeof end === 'string') return end
  const stride = step === undefined ? 1 : valueOf(step, noNames)
  if (typeof stride === 'string') return stride
  if (start < field.min)
    return `beginning of range (${start}) below minimum (${field.min}): ${text}`
  if (end > field.max) return `end of range (${end}) above maximum (${field.max}): ${text}`
  if (start > end) return `beginning of range (${start}) beyond end of range (${end}): ${text}`
  return stride === 0 ? `step of range should be a positive number: ${text}` : undefined
}

const noNames: CronField = { min: 0, max: 0, names: [] }

/** A single value with a step goes on to the maximum. */
function endOf(
  start: number,
  all: boolean,
  high: string | undefined,
  step: string | undefined,
  field: CronField,
): number | string {
  if (all) return field.max
  if (high !== undefined) return valueOf(high, field)
  return step === undefined ? start : field.max
}

/** The value, or what is wrong with it. */
function valueOf(text: string, { min, names }: CronField): number | string {
  const named = names.indexOf(text.toLowerCase())
  if (named !== -1) return min + named
  if (!/^[-+]?[0-9]+$/.test(text)) {
    return `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`
  }
  const value = Number(text)
  return value < 0 ? `negative number (${value}) not allowed: ${text}` : value
}
