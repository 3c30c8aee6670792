import { field, isQualifiedName, parseQuantity, type FieldError, type FieldPath } from '#machinery'
import { duplicates, each, nonNegativeQuantity, problems } from '../validation.ts'
import type { ResourceList } from './resource-list.ts'
import type { ResourceRequirements } from './resource-requirements.ts'

const containerResources = ['cpu', 'memory', 'ephemeral-storage']
const defaultNamespace = 'kubernetes.io/'

/** Resources that node vendors name, such as example.com/gpu: counted, never shared. */
export function isExtendedResource(name: string): boolean {
  if (!name.includes('/') || name.startsWith('requests.')) return false
  return !isNative(name) && isQualifiedName(`requests.${name}`).length === 0
}

function isNative(name: string): boolean {
  return !name.includes('/') || name.includes(defaultNamespace)
}

function isHugePages(name: string): boolean {
  return name.startsWith('hugepages-')
}

/** Whether more of it may be promised than there is. */
export function isOvercommittable(name: string): boolean {
  return isNative(name) && !isHugePages(name)
}

export function validateResourceRequirements(
  { limits = {}, requests = {}, claims }: ResourceRequirements,
  path: FieldPath,
  claimNames: ReadonlySet<string> = new Set(),
): readonly FieldError[] {
  const limitsPath = path.child('limits')
  const requestsPath = path.child('requests')
  return [
    ...validateAmounts(limits, limitsPath),
    ...validateAmounts(requests, requestsPath),
    ...Object.entries(requests).flatMap(([name, amount]) =>
      validateAgainstLimit(name, amount, limits[name], requestsPath, limitsPath),
    ),
    ...validateHugePagesAlone(limits, requests, path),
    ...each(path.child('claims'), claims, ({ name }, at) => {
      if (name === '') return [field.required(at)]
      return claimNames.has(name) ? [] : [field.notFound(at.child('name'), name)]
    }),
    ...duplicates(
      claims,
      ({ name, request = '' }) => `${name}/${request}`,
      ({ name }, at) => field.duplicate(path.child('claims').index(at), name),
    ),
  ]
}

function validateAmounts(amounts: ResourceList, path: FieldPath): readonly FieldError[] {
  return Object.entries(amounts).flatMap(([name, amount]) => {
    const at = path.key(name)
    return [...validateContainerResourceName(name, at), ...validateAmount(name, amount, at)]
  })
}

/** No amount is negative, and what is counted is counted in whole numbers. */
export function validateAmount(
  name: string,
  amount: string,
  path: FieldPath,
): readonly FieldError[] {
  const errors = [...nonNegativeQuantity(path, amount)]
  if (isExtendedResource(name) && parseQuantity(amount).toMilli() % 1000 !== 0) {
    errors.push(field.invalid(path, amount, 'must be an integer'))
  }
  return errors
}

export function validateContainerResourceName(
  name: string,
  path: FieldPath,
): readonly FieldError[] {
  const malformed = problems(path, name, isQualifiedName(name))
  if (malformed.length > 0) return malformed
  if (!name.includes('/') && !containerResources.includes(name) && !isHugePages(name)) {
    return [field.invalid(path, name, 'must be a standard resource for containers')]
  }
  if (name.includes('/') && !isNative(name) && !isExtendedResource(name)) {
    return [field.invalid(path, name, "doesn't follow extended resource name standard")]
  }
  return []
}

function validateAgainstLimit(
  name: string,
  amount: string,
  limit: string | undefined,
  requestsPath: FieldPath,
  limitsPath: FieldPath,
): readonly FieldError[] {
  if (limit === undefined) {
    if (isOvercommittable(name)) return []
    return [field.required(limitsPath, 'Limit must be set for non overcommitable resources')]
  }
  const order = parseQuantity(amount).compare(parseQuantity(limit))
  if (!isOvercommittable(name) && order !== 0) {
    const why = `must be equal to ${name} limit of ${limit}`
    return [field.invalid(requestsPath, amount, why)]
  }
  if (order <= 0) return []
  const why = `must be less than or equal to ${name} limit of ${limit}`
  return [field.invalid(requestsPath, amount, why)]
}

function validateHugePagesAlone(
  limits: ResourceList,
  requests: ResourceList,
  path: FieldPath,
): readonly FieldError[] {
  const names = [...Object.keys(limits), ...Object.keys(requests)]
  const alone = names.some(isHugePages) && !names.includes('cpu') && !names.includes('memory')
  return alone ? [field.forbidden(path, 'HugePages require cpu or memory')] : []
}
