import {
  field,
  getOwn,
  isQualifiedName,
  parseQuantity,
  type FieldError,
  type FieldPath,
  type Quantity,
  type Whole,
} from '#machinery'
import { duplicates, each, problems, specPath } from '../validation.ts'
import type { LimitRangeItem, LimitRangeSchema } from './limit-range.ts'
import type { ResourceList } from './resource-list.ts'
import { isOvercommittable, validateContainerResourceName } from './resources-validation.ts'

export function validateLimitRange({
  spec,
}: Whole<typeof LimitRangeSchema>): readonly FieldError[] {
  const path = specPath.child('limits')
  return [
    ...each(path, spec.limits, validateItem),
    ...duplicates(
      spec.limits,
      ({ type }) => type,
      ({ type }, at) => field.duplicate(path.index(at).child('type'), type),
    ),
  ]
}

const lists = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const
const ofContainers = ['default', 'defaultRequest'] as const

function validateItem(item: LimitRangeItem, path: FieldPath): readonly FieldError[] {
  const errors = [...validateType(item.type, path.child('type'))]
  for (const list of lists) {
    if (item.type === 'Pod' && (list === 'default' || list === 'defaultRequest')) continue
    const names = Object.keys(item[list] ?? {})
    errors.push(
      ...names.flatMap((name) => validateName(item.type, name, path.child(list).key(name))),
    )
  }
  if (item.type === 'Pod') {
    for (const list of ofContainers) {
      if (Object.keys(item[list] ?? {}).length === 0) continue
      const why = "may not be specified when `type` is 'Pod'"
      errors.push(field.forbidden(path.child(list), why))
    }
  }
  if (item.type === 'PersistentVolumeClaim' && !hasStorage(item.min) && !hasStorage(item.max)) {
    const why = 'either minimum or maximum storage value is required, but neither was provided'
    errors.push(field.required(path.child('limits'), why))
  }
  const names = new Set(lists.flatMap((list) => Object.keys(item[list] ?? {})))
  return [...errors, ...[...names].sort().flatMap((name) => validateOrder(item, name, path))]
}

function hasStorage(list: ResourceList | undefined): boolean {
  return list !== undefined && Object.hasOwn(list, 'storage')
}

const standardTypes = ['Container', 'PersistentVolumeClaim', 'Pod']

function validateType(type: string, path: FieldPath): readonly FieldError[] {
  const malformed = problems(path, type, isQualifiedName(type))
  if (malformed.length > 0 || type.includes('/') || standardTypes.includes(type)) return malformed
  return [field.invalid(path, type, 'must be a standard limit type or fully qualified')]
}

function validateName(type: string, name: string, path: FieldPath): readonly FieldError[] {
  if (type !== 'PersistentVolumeClaim' && standardTypes.includes(type)) {
    return validateContainerResourceName(name, path)
  }
  return problems(path, name, isQualifiedName(name))
}

/** min ≤ default request ≤ default ≤ max, as far as they are given. */
function validateOrder(item: LimitRangeItem, name: string, path: FieldPath): readonly FieldError[] {
  const amount = (list: (typeof lists)[number]) => {
    const text = getOwn(item[list] ?? {}, name)
    return text === undefined ? undefined : parseQuantity(text)
  }
  const min = { amount: amount('min'), called: 'min value' }
  const max = { amount: amount('max'), called: 'max value' }
  const limit = { amount: amount('default'), called: 'default value' }
  const request = { amount: amount('defaultRequest'), called: 'default request value' }
  const at = (list: string) => path.child(list).key(name)
  return [
    ...ordered(min, max, at('min'), min),
    ...ordered(min, request, at('defaultRequest'), request),
    ...ordered(request, max, at('defaultRequest'), request),
    ...ordered(request, { ...limit, called: 'default limit value' }, at('defaultRequest'), request),
    ...ordered(min, limit, at('default'), min),
    ...ordered(limit, max, at('default'), max),
    ...validateRatio(
      amount('maxLimitRequestRatio'),
      min.amount,
      max.amount,
      at('maxLimitRequestRatio'),
    ),
    ...validateEqual(name, limit.amount, request.amount, at('defaultRequest')),
  ]
}

interface Bound {
  readonly amount: Quantity | undefined
  readonly called: string
}

function ordered(low: Bound, high: Bound, path: FieldPath, shown: Bound): readonly FieldError[] {
  if (low.amount === undefined || high.amount === undefined) return []
  if (low.amount.compare(high.amount) <= 0) return []
  const why = `${low.called} ${low.amount.toString()} is greater than ${high.called} ${high.amount.toString()}`
  return [field.invalid(path, shown.amount?.toString(), why)]
}

function validateRatio(
  ratio: Quantity | undefined,
  min: Quantity | undefined,
  max: Quantity | undefined,
  path: FieldPath,
): readonly FieldError[] {
  if (ratio === undefined) return []
  const shown = ratio.toString()
  const errors: FieldError[] = []
  if (ratio.compare(parseQuantity('1')) < 0) {
    errors.push(field.invalid(path, shown, `ratio ${shown} is less than 1`))
  }
  if (min === undefined || max === undefined) return errors
  const limit = max.toMilli() / min.toMilli()
  if (ratio.toMilli() / 1000 > limit) {
    const why = `ratio ${shown} is greater than max/min = ${limit.toFixed(6)}`
    errors.push(field.invalid(path, shown, why))
  }
  return errors
}

/** What cannot be promised twice is requested as it is limited. */
function validateEqual(
  name: string,
  limit: Quantity | undefined,
  request: Quantity | undefined,
  path: FieldPath,
): readonly FieldError[] {
  if (isOvercommittable(name) || limit === undefined || request === undefined) return []
  if (limit.compare(request) === 0) return []
  const shown = request.toString()
  const why = `default value ${limit.toString()} must equal to defaultRequest value ${shown} in ${name}`
  return [field.invalid(path, shown, why)]
}
