import { SelectorError } from './labels.ts'

/** One condition on one selectable field. Absent fields read as the empty text. */
export interface FieldRequirement {
  readonly field: string
  readonly operator: '=' | '!='
  readonly value: string
}

/** All its requirements together, by text; immutable. */
export class FieldSelector {
  static readonly everything: FieldSelector = new FieldSelector([])

  readonly requirements: readonly FieldRequirement[]

  private constructor(requirements: readonly FieldRequirement[]) {
    this.requirements = requirements
  }

  static of(requirements: readonly FieldRequirement[]): FieldSelector {
    return requirements.length === 0 ? FieldSelector.everything : new FieldSelector(requirements)
  }

  get empty(): boolean {
    return this.requirements.length === 0
  }

  /** `get` returns the value of a field of the object in question. */
  matches(get: (field: string) => string | undefined): boolean {
    return this.requirements.every(
      ({ field, operator, value }) => ((get(field) ?? '') === value) === (operator === '='),
    )
  }

  /** The only value the field may have, or undefined when none is named. */
  requiresExactMatch(field: string): string | undefined {
    return this.requirements.find((item) => item.field === field && item.operator === '=')?.value
  }

  /** Parsing it gives an equal selector. */
  toString(): string {
    return this.requirements
      .map(({ field, operator, value }) => `${field}${operator}${escapeFieldValue(value)}`)
      .join(',')
  }
}

/** Reads `a=b,c==d,e!=f`. Throws a SelectorError with upstream's message. */
export function parseFieldSelector(text: string): FieldSelector {
  const terms = splitTerms(text).sort()
  return FieldSelector.of(terms.filter((term) => term !== '').map((term) => parseTerm(text, term)))
}

/** Backslashes before what the grammar itself uses. */
export function escapeFieldValue(value: string): string {
  return value.replace(/[\\,=]/g, '\\$&')
}

function splitTerms(text: string): string[] {
  const terms: string[] = []
  let start = 0
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === ',') {
      terms.push(text.slice(start, i))
      start = i + 1
    }
  }
  terms.push(text.slice(start))
  return terms
}

/** The operator is the first one that stands in the term. */
function parseTerm(selector: string, term: string): FieldRequirement {
  const match = /^(.*?)(!=|==|=)(.*)$/s.exec(term)
  if (match === null) {
    throw new SelectorError(`invalid selector: '${selector}'; can't understand '${term}'`)
  }
  const [, field = '', operator, raw = ''] = match
  return { field, operator: operator === '!=' ? '!=' : '=', value: unescapeFieldValue(raw) }
}

function unescapeFieldValue(text: string): string {
  let value = ''
  for (let i = 0; i < text.length; i++) {
    const char = text[i] ?? ''
    if (char === '\\') value += unescaped(text.slice(i, i + 2))
    else if (char === ',' || char === '=') {
      throw new SelectorError(
        `invalid field selector: unescaped character in value: ${char.codePointAt(0)}`,
      )
    } else value += char
    if (char === '\\') i++
  }
  return value
}

function unescaped(pair: string): string {
  const char = pair[1]
  if (char === '\\' || char === ',' || char === '=') return char
  throw new SelectorError(`invalid field selector: invalid escape sequence: ${pair}`)
}
