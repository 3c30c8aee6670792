import { formatFieldErrors, invalid, type FieldError } from './field-error.ts'
import { FieldPath } from './field-path.ts'
import { isQualifiedName, isValidLabelValue } from './names-validation.ts'
import { quote } from './quote.ts'

/** Labels of an object, or any other map of texts. */
export type Labels = Readonly<Record<string, string>>

/** Upstream's spellings: the set-based ones in lower case, `!` for DoesNotExist, `gt`, `lt`. */
export type LabelOperator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt'

/** One condition on one label. An index can serve `=`, `==` and `in` from their values. */
export interface LabelRequirement {
  readonly key: string
  readonly operator: LabelOperator
  /** Sorted, each once; empty for `exists` and `!`, exactly one but for `in` and `notin`. */
  readonly values: readonly string[]
}

/** `metav1.LabelSelector`, as objects carry it. */
export interface LabelSelectorObject {
  readonly matchLabels?: Labels | undefined
  readonly matchExpressions?:
    | readonly {
        readonly key: string
        readonly operator: string
        readonly values?: readonly string[] | undefined
      }[]
    | undefined
}

/** The text or object is no selector; the message is upstream's. */
export class SelectorError extends Error {
  override readonly name = 'SelectorError'
}

/** All its requirements together; immutable. Without requirements it selects everything. */
export class LabelSelector {
  static readonly everything: LabelSelector = new LabelSelector([])
  /** What an absent selector object means. Its text is empty like that of `everything`. */
  static readonly nothing: LabelSelector = new LabelSelector([])

  /** By key; in the order given for the same key. */
  readonly requirements: readonly LabelRequirement[]

  private constructor(requirements: readonly LabelRequirement[]) {
    this.requirements = requirements
  }

  /** The requirements must be valid: see `labelRequirement`. */
  static of(requirements: readonly LabelRequirement[]): LabelSelector {
    if (requirements.length === 0) return LabelSelector.everything
    return new LabelSelector(requirements.toSorted((a, b) => byText(a.key, b.key)))
  }

  /** True when it restricts nothing. */
  get empty(): boolean {
    return this.requirements.length === 0 && this !== LabelSelector.nothing
  }

  matches(labels: Labels | undefined): boolean {
    if (this === LabelSelector.nothing) return false
    for (const requirement of this.requirements) {
      if (!requirementMatches(requirement, labels)) return false
    }
    return true
  }

  /** The only value the label may have, or undefined when several or any would do. */
  requiresExactMatch(key: string): string | undefined {
    const found = this.requirements.find((requirement) => requirement.key === key)
    const exact = found !== undefined && exactOperators.has(found.operator)
    return exact && found.values.length === 1 ? found.values[0] : undefined
  }

  /** Canonical: by key, values sorted. Parsing it gives an equal selector. */
  toString(): string {
    return this.requirements.map(formatRequirement).join(',')
  }
}

const exactOperators: ReadonlySet<LabelOperator> = new Set(['=', '==', 'in'])

/** Selects objects that have all these labels; the labels are not checked. */
export function selectorFromLabels(labels: Labels): LabelSelector {
  return LabelSelector.of(
    Object.entries(labels).map(([key, value]) => ({ key, operator: '=', values: [value] })),
  )
}

const objectOperators: Readonly<Record<string, LabelOperator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
}

/**
 * The selector an object's field describes: absent selects nothing, empty everything. Throws a
 * SelectorError for what validation should have refused.
 */
export function selectorFromObject(object: LabelSelectorObject | undefined | null): LabelSelector {
  if (object === undefined || object === null) return LabelSelector.nothing
  const requirements = Object.entries(object.matchLabels ?? {}).map(([key, value]) =>
    labelRequirement(key, '=', [value]),
  )
  for (const { key, operator, values } of object.matchExpressions ?? []) {
    const known = Object.hasOwn(objectOperators, operator) ? objectOperators[operator] : undefined
    if (known === undefined) {
      throw new SelectorError(`${quote(operator)} is not a valid label selector operator`)
    }
    requirements.push(labelRequirement(key, known, values ?? []))
  }
  return LabelSelector.of(requirements)
}

/** A checked requirement. Throws a SelectorError that lists all that is wrong. */
export function labelRequirement(
  key: string,
  operator: LabelOperator,
  values: readonly string[],
): LabelRequirement {
  const errors = requirementErrors(key, operator, values)
  if (errors.length > 0) throw new SelectorError(formatFieldErrors(errors))
  return { key, operator, values: [...new Set(values)].sort(byText) }
}

function requirementErrors(
  key: string,
  operator: LabelOperator,
  values: readonly string[],
): FieldError[] {
  const path = FieldPath.root('values')
  const errors = labelKeyErrors(key, FieldPath.root('key'))
  const wrong = countProblem(operator, values.length)
  if (wrong !== undefined) errors.push(invalid(path, values, wrong))
  for (const [i, value] of values.entries()) {
    if ((operator === 'gt' || operator === 'lt') && integer(value) === undefined) {
      const why = "for 'Gt', 'Lt' operators, the value must be an integer"
      errors.push(invalid(path.index(i), value, why))
    }
  }
  for (const [i, value] of values.entries()) {
    const problems = isValidLabelValue(value)
    if (problems.length > 0) {
      errors.push(invalid(path.index(i).key(key), value, problems.join('; ')))
    }
  }
  return errors
}

/** What is wrong with the key of a requirement. */
export function labelKeyErrors(key: string, path: FieldPath): FieldError[] {
  const problems = isQualifiedName(key)
  return problems.length === 0 ? [] : [invalid(path, key, problems.join('; '))]
}

function countProblem(operator: LabelOperator, count: number): string | undefined {
  switch (operator) {
    case 'in':
    case 'notin':
      return count > 0 ? undefined : "for 'in', 'notin' operators, values set can't be empty"
    case '=':
    case '==':
    case '!=':
      return count === 1 ? undefined : 'exact-match compatibility requires one single value'
    case 'exists':
    case '!':
      return count === 0 ? undefined : 'values set must be empty for exists and does not exist'
    case 'gt':
    case 'lt':
      return count === 1 ? undefined : "for 'Gt', 'Lt' operators, exactly one value is required"
  }
}

function requirementMatches(requirement: LabelRequirement, labels: Labels | undefined): boolean {
  const { key, operator, values } = requirement
  const has = labels !== undefined && Object.hasOwn(labels, key)
  const value = has ? (labels[key] ?? '') : ''
  switch (operator) {
    case '=':
    case '==':
    case 'in':
      return has && values.includes(value)
    case '!=':
    case 'notin':
      return !has || !values.includes(value)
    case 'exists':
      return has
    case '!':
      return !has
    case 'gt':
    case 'lt': {
      const mine = has ? integer(value) : undefined
      const limit = integer(values[0] ?? '')
      if (mine === undefined || limit === undefined) return false
      return operator === 'gt' ? mine > limit : mine < limit
    }
  }
}

function formatRequirement({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case 'exists':
      return key
    case '!':
      return `!${key}`
    case 'in':
    case 'notin':
      return `${key} ${operator} (${values.join(',')})`
    case 'gt':
      return `${key}>${values.join(',')}`
    case 'lt':
      return `${key}<${values.join(',')}`
    case '=':
    case '==':
    case '!=':
      return `${key}${operator}${values.join(',')}`
  }
}

/** Of 64 bits, else undefined. */
function integer(text: string): bigint | undefined {
  if (!/^[+-]?[0-9]{1,20}$/.test(text)) return undefined
  const value = BigInt(text.replace(/^\+/, ''))
  return BigInt.asIntN(64, value) === value ? value : undefined
}

function byText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
