import { forbidden, invalid, required, type FieldError } from './field-error.ts'
import type { FieldPath } from './field-path.ts'
import type { LabelSelectorObject } from './labels.ts'
import { isValidLabelValue } from './names-validation.ts'
import { validateLabelName, validateLabels } from './object-meta-validation.ts'

export interface LabelSelectorRules {
  /** For objects that got in before values were checked, so that they can still be updated. */
  readonly allowInvalidValues?: boolean
}

/** A selector inside an object (`metav1.LabelSelector`); an absent one is valid. */
export function validateLabelSelector(
  selector: LabelSelectorObject | undefined,
  path: FieldPath,
  rules: LabelSelectorRules = {},
): FieldError[] {
  const errors = validateLabels(selector?.matchLabels, path.child('matchLabels'))
  for (const [i, requirement] of (selector?.matchExpressions ?? []).entries()) {
    const at = path.child('matchExpressions').index(i)
    errors.push(...validateRequirement(requirement, at, rules))
  }
  return errors
}

type Requirement = NonNullable<LabelSelectorObject['matchExpressions']>[number]

function validateRequirement(
  { key, operator, values = [] }: Requirement,
  path: FieldPath,
  rules: LabelSelectorRules,
): FieldError[] {
  const errors = [
    ...validateOperator(operator, values.length, path),
    ...validateLabelName(key, path.child('key')),
  ]
  if (rules.allowInvalidValues === true) return errors
  for (const [i, value] of values.entries()) {
    const at = path.child('values').index(i)
    errors.push(...isValidLabelValue(value).map((problem) => invalid(at, value, problem)))
  }
  return errors
}

function validateOperator(operator: string, count: number, path: FieldPath): FieldError[] {
  const values = path.child('values')
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (count > 0) return []
      return [required(values, "must be specified when `operator` is 'In' or 'NotIn'")]
    case 'Exists':
    case 'DoesNotExist':
      if (count === 0) return []
      return [
        forbidden(values, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
      ]
    default:
      return [invalid(path.child('operator'), operator, 'not a valid selector operator')]
  }
}
