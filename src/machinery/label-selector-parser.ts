import { formatFieldErrors } from './field-error.ts'
import { FieldPath } from './field-path.ts'
import {
  labelKeyErrors,
  labelRequirement,
  LabelSelector,
  SelectorError,
  type LabelOperator,
  type LabelRequirement,
} from './labels.ts'

/** Reads the query string form: `a=b,c!=d,e in (f,g),h,!i,j>1`. Throws a SelectorError. */
export function parseLabelSelector(text: string): LabelSelector {
  return LabelSelector.of(new Parser(text).parse())
}

const binaryOperators: readonly LabelOperator[] = ['in', 'notin', '=', '==', '!=', 'gt', 'lt']

interface Token {
  readonly kind: 'end' | 'identifier' | 'symbol'
  readonly text: string
}

const end: Token = { kind: 'end', text: '' }

/** Follows upstream's scanner and parser step by step, so that refusals read the same. */
class Parser {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(text: string) {
    this.#tokens = scan(text)
  }

  parse(): LabelRequirement[] {
    const requirements: LabelRequirement[] = []
    for (;;) {
      const first = this.#peek()
      if (first.kind === 'end') return requirements
      if (!startsRequirement(first)) {
        throw expected(first, ": !, identifier, or 'end of string'")
      }
      requirements.push(this.#requirement())
      const after = this.#next()
      if (after.kind === 'end') return requirements
      if (after.text !== ',') throw expected(after, ": ',' or 'end of string'")
      if (!startsRequirement(this.#peek())) {
        throw expected(this.#peek(), ": identifier after ','")
      }
    }
  }

  #requirement(): LabelRequirement {
    try {
      return this.#parseRequirement()
    } catch (cause) {
      if (!(cause instanceof SelectorError)) throw cause
      throw new SelectorError(`unable to parse requirement: ${cause.message}`, { cause })
    }
  }

  #parseRequirement(): LabelRequirement {
    const absent = isSymbol(this.#peek(), '!')
    if (absent) this.#next()
    const key = this.#next()
    if (key.kind !== 'identifier') throw expected(key, ': identifier')
    const errors = labelKeyErrors(key.text, FieldPath.empty)
    if (errors.length > 0) throw new SelectorError(formatFieldErrors(errors))
    if (absent) return labelRequirement(key.text, '!', [])
    if (this.#atEndOrComma()) return labelRequirement(key.text, 'exists', [])
    const operator = this.#operator()
    const values = operator === 'in' || operator === 'notin' ? this.#set() : [this.#exactValue()]
    return labelRequirement(key.text, operator, values)
  }

  #operator(): LabelOperator {
    const token = this.#next()
    const text = operatorSymbols[token.text] ?? token.text
    const operator = binaryOperators.find((known) => known === text)
    const spelled = token.text === 'gt' || token.text === 'lt'
    if (operator === undefined || spelled) {
      throw expected(token, `: ${binaryOperators.join(', ')}`)
    }
    return operator
  }

  #exactValue(): string {
    if (this.#atEndOrComma()) return ''
    const token = this.#next()
    if (token.kind !== 'identifier') throw expected(token, ': identifier')
    return token.text
  }

  /** `(a,b)`; empty places are the empty value. */
  #set(): string[] {
    const open = this.#next()
    if (!isSymbol(open, '(')) throw new SelectorError(`found '${open.text}' expected: '('`)
    const first = this.#peek()
    if (isSymbol(first, ')')) {
      this.#next()
      return ['']
    }
    if (first.kind !== 'identifier' && !isSymbol(first, ',')) {
      throw expected(first, ": ',', ')' or identifier")
    }
    const values: string[] = []
    for (;;) {
      const token = this.#next()
      const following = this.#peek()
      if (token.kind === 'identifier') {
        values.push(token.text)
        if (!isSymbol(following, ',') && !isSymbol(following, ')')) {
          throw expected(following, ": ',' or ')'")
        }
      } else if (isSymbol(token, ',')) {
        const emptyPlace =
          values.length === 0 || isSymbol(following, ')') || isSymbol(following, ',')
        if (emptyPlace) values.push('')
      } else {
        throw expected(token, ": ',', or identifier")
      }
      if (isSymbol(following, ')')) {
        this.#next()
        return values
      }
    }
  }

  #atEndOrComma(): boolean {
    const token = this.#peek()
    return token.kind === 'end' || isSymbol(token, ',')
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? end
  }

  #next(): Token {
    return this.#tokens[this.#at++] ?? end
  }
}

const operatorSymbols: Readonly<Record<string, string>> = { '>': 'gt', '<': 'lt' }

function startsRequirement(token: Token): boolean {
  return token.kind === 'identifier' || isSymbol(token, '!')
}

function isSymbol(token: Token, text: string): boolean {
  return token.kind === 'symbol' && token.text === text
}

function expected(found: Token, what: string): SelectorError {
  return new SelectorError(`found '${found.text}', expected${what}`)
}

function scan(text: string): Token[] {
  const tokens: Token[] = []
  const pattern = /[ \t\r\n]+|(==|!=|[=!(),><])|([^ \t\r\n=!(),><]+)/g
  for (const [, symbol, word] of text.matchAll(pattern)) {
    if (word !== undefined) tokens.push({ kind: 'identifier', text: word })
    else if (symbol !== undefined) tokens.push({ kind: 'symbol', text: symbol })
  }
  return tokens
}
