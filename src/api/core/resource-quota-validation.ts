import {
  field,
  isQualifiedName,
  parseQuantity,
  type FieldError,
  type FieldPath,
  type Whole,
} from '#machinery'
import {
  immutableMessage,
  nonNegativeQuantity,
  problems,
  specPath,
  statusPath,
} from '../validation.ts'
import { fitsScope, isQuotaResource, isQuotaScope, isWhole } from './quota-resources.ts'
import type { ResourceList } from './resource-list.ts'
import type {
  ResourceQuotaSchema,
  ResourceQuotaSpec,
  ScopedResourceSelectorRequirement,
} from './resource-quota.ts'

type ResourceQuota = Whole<typeof ResourceQuotaSchema>

export function validateResourceQuota({ spec }: ResourceQuota): readonly FieldError[] {
  return [
    ...validateAmounts(spec.hard, specPath.child('hard')),
    ...validateScopes(spec),
    ...validateScopeSelector(spec),
  ]
}

export function validateResourceQuotaUpdate(
  quota: ResourceQuota,
  old: ResourceQuota,
): readonly FieldError[] {
  const errors = validateResourceQuota(quota)
  const sorted = ({ scopes = [] }: ResourceQuotaSpec) => scopes.toSorted().join()
  if (sorted(quota.spec) === sorted(old.spec)) return errors
  const path = specPath.child('scopes')
  return [...errors, field.invalid(path, quota.spec.scopes ?? [], immutableMessage)]
}

export function validateResourceQuotaStatus({ status }: ResourceQuota): readonly FieldError[] {
  return [
    ...validateAmounts(status.hard, statusPath.child('hard')),
    ...validateAmounts(status.used, statusPath.child('used')),
  ]
}

function validateAmounts(amounts: ResourceList | undefined, path: FieldPath) {
  return Object.entries(amounts ?? {}).flatMap(([name, amount]) => {
    const at = path.key(name)
    const errors = [...validateName(name, at), ...nonNegativeQuantity(at, amount)]
    if (isWhole(name) && parseQuantity(amount).toMilli() % 1000 !== 0) {
      errors.push(field.invalid(at, amount, 'must be an integer'))
    }
    return errors
  })
}

function validateName(name: string, path: FieldPath): readonly FieldError[] {
  const malformed = problems(path, name, isQualifiedName(name))
  if (malformed.length > 0 || name.includes('/') || isQuotaResource(name)) return malformed
  return [field.invalid(path, name, 'must be a standard resource for quota')]
}

function validateScopes({ scopes = [], hard = {} }: ResourceQuotaSpec): readonly FieldError[] {
  const path = specPath.child('scopes')
  const errors: FieldError[] = []
  for (const scope of scopes) {
    if (!isQuotaScope(scope)) errors.push(field.invalid(path, scopes, 'unsupported scope'))
    errors.push(...misfits(hard, scope).map((why) => field.invalid(path, scopes, why)))
  }
  return conflict(scopes) ? [...errors, field.invalid(path, scopes, 'conflicting scopes')] : errors
}

function misfits(hard: ResourceList, scope: string): readonly string[] {
  return Object.keys(hard)
    .filter((name) => !fitsScope(name, scope))
    .map(() => 'unsupported scope applied to resource')
}

function conflict(scopes: readonly string[]): boolean {
  const both = (a: string, b: string) => scopes.includes(a) && scopes.includes(b)
  return both('BestEffort', 'NotBestEffort') || both('Terminating', 'NotTerminating')
}

function validateScopeSelector({
  scopeSelector,
  hard = {},
}: ResourceQuotaSpec): readonly FieldError[] {
  const { matchExpressions = [] } = scopeSelector ?? {}
  const path = specPath.child('scopeSelector', 'matchExpressions')
  const errors = matchExpressions.flatMap((requirement) => [
    ...validateRequirement(requirement, path),
    ...misfits(hard, requirement.scopeName).map((why) => field.invalid(path, scopeSelector, why)),
  ])
  if (!conflict(matchExpressions.map(({ scopeName }) => scopeName))) return errors
  return [...errors, field.invalid(path, matchExpressions, 'conflicting scopes')]
}

/** Scopes that have no values, so that there is nothing to compare. */
const valueless = [
  'BestEffort',
  'NotBestEffort',
  'Terminating',
  'NotTerminating',
  'CrossNamespacePodAffinity',
]

function validateRequirement(
  { scopeName, operator, values = [] }: ScopedResourceSelectorRequirement,
  path: FieldPath,
): readonly FieldError[] {
  const errors: FieldError[] = []
  const operatorPath = path.child('operator')
  const valuesPath = path.child('values')
  if (!isQuotaScope(scopeName)) {
    errors.push(field.invalid(path.child('scopeName'), scopeName, 'unsupported scope'))
  }
  if (valueless.includes(scopeName) && operator !== 'Exists') {
    const why =
      "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
    errors.push(field.invalid(operatorPath, operator, why))
  }
  switch (operator) {
    case 'In':
    case 'NotIn': {
      if (values.length > 0) return errors
      const why = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
      return [...errors, field.required(valuesPath, why)]
    }
    case 'Exists':
    case 'DoesNotExist': {
      if (values.length === 0) return errors
      const why = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
      return [...errors, field.invalid(valuesPath, values, why)]
    }
    default:
      return [...errors, field.invalid(operatorPath, operator, 'not a valid selector operator')]
  }
}
