import {
  field,
  isDNS1123Label,
  isValidLabelValue,
  validateLabelName,
  validateLabelSelector,
  type FieldError,
  type FieldPath,
} from '#machinery'
import { duplicates, each, oneOfValues, problems } from '../validation.ts'
import type {
  Affinity,
  PodAffinity,
  PodAffinityTerm,
  Toleration,
  TopologySpreadConstraint,
} from './affinity.ts'
import type { NodeSelector, NodeSelectorRequirement, NodeSelectorTerm } from './node-selector.ts'

const required = 'requiredDuringSchedulingIgnoredDuringExecution'
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution'

export function validateAffinity(
  affinity: Affinity | undefined,
  path: FieldPath,
): readonly FieldError[] {
  const { nodeAffinity, podAffinity, podAntiAffinity } = affinity ?? {}
  const nodePath = path.child('nodeAffinity')
  return [
    ...validateNodeSelector(nodeAffinity?.[required], nodePath.child(required)),
    ...each(nodePath.child(preferred), nodeAffinity?.[preferred], ({ weight, preference }, at) => [
      ...validateWeight(weight, at.child('weight')),
      ...validateNodeSelectorTerm(preference, at.child('preference')),
    ]),
    ...validatePodAffinity(podAffinity, path.child('podAffinity')),
    ...validatePodAffinity(podAntiAffinity, path.child('podAntiAffinity')),
  ]
}

export function validateNodeSelector(
  selector: NodeSelector | undefined,
  path: FieldPath,
): readonly FieldError[] {
  if (selector === undefined) return []
  const at = path.child('nodeSelectorTerms')
  const terms = selector.nodeSelectorTerms ?? []
  if (terms.length === 0) {
    return [field.required(at, 'must have at least one node selector term')]
  }
  return each(at, terms, validateNodeSelectorTerm)
}

function validateNodeSelectorTerm(
  { matchExpressions, matchFields }: NodeSelectorTerm,
  path: FieldPath,
): readonly FieldError[] {
  return [
    ...each(path.child('matchExpressions'), matchExpressions, (requirement, at) => [
      ...validateRequirement(requirement, at),
      ...validateLabelName(requirement.key, at.child('key')),
    ]),
    ...each(path.child('matchFields'), matchFields, validateFieldRequirement),
  ]
}

function validateRequirement(
  { operator, values = [] }: NodeSelectorRequirement,
  path: FieldPath,
): readonly FieldError[] {
  const at = path.child('values')
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length > 0) return []
      return [field.required(at, "must be specified when `operator` is 'In' or 'NotIn'")]
    case 'Exists':
    case 'DoesNotExist':
      if (values.length === 0) return []
      return [
        field.forbidden(at, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
      ]
    case 'Gt':
    case 'Lt':
      if (values.length === 1) return []
      return [field.required(at, "must be specified single value when `operator` is 'Lt' or 'Gt'")]
  }
  return [field.invalid(path.child('operator'), operator, 'not a valid selector operator')]
}

/** Nodes can be selected by one field, their name. */
function validateFieldRequirement(
  { key, operator, values = [] }: NodeSelectorRequirement,
  path: FieldPath,
): readonly FieldError[] {
  const errors: FieldError[] = []
  if (operator !== 'In' && operator !== 'NotIn') {
    const why = 'not a valid selector operator'
    errors.push(field.invalid(path.child('operator'), operator, why))
  } else if (values.length !== 1) {
    const why = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
    errors.push(field.required(path.child('values'), why))
  }
  if (key !== 'metadata.name') {
    errors.push(field.invalid(path.child('key'), key, 'not a valid field selector key'))
  }
  return errors
}

function validateWeight(weight: number, path: FieldPath): readonly FieldError[] {
  return weight >= 1 && weight <= 100
    ? []
    : [field.invalid(path, weight, 'must be in the range 1-100')]
}

function validatePodAffinity(
  affinity: PodAffinity | undefined,
  path: FieldPath,
): readonly FieldError[] {
  return [
    ...each(path.child(required), affinity?.[required], validatePodAffinityTerm),
    ...each(path.child(preferred), affinity?.[preferred], ({ weight, podAffinityTerm }, at) => [
      ...validateWeight(weight, at.child('weight')),
      ...validatePodAffinityTerm(podAffinityTerm, at.child('podAffinityTerm')),
    ]),
  ]
}

function validatePodAffinityTerm(term: PodAffinityTerm, path: FieldPath): readonly FieldError[] {
  const topology = path.child('topologyKey')
  return [
    ...validateLabelSelector(term.labelSelector, path.child('labelSelector')),
    ...validateLabelSelector(term.namespaceSelector, path.child('namespaceSelector')),
    ...each(path.child('namespaces'), term.namespaces, (name) =>
      problems(path.child('namespace'), name, isDNS1123Label(name)),
    ),
    ...(term.topologyKey === ''
      ? [field.required(topology, 'can not be empty')]
      : validateLabelName(term.topologyKey, topology)),
  ]
}

const anyKey =
  'operator must be Exists when `key` is empty, which means "match all values and all keys"'

export function validateTolerations(
  tolerations: readonly Toleration[] | undefined,
  path: FieldPath,
): readonly FieldError[] {
  return each(path, tolerations, (toleration, at) => {
    const { key = '', operator = 'Equal', value = '', effect, tolerationSeconds } = toleration
    const errors: FieldError[] = key === '' ? [] : validateLabelName(key, at.child('key'))
    const operatorPath = at.child('operator')
    if (key === '' && operator !== 'Exists') {
      errors.push(field.invalid(operatorPath, toleration.operator ?? '', anyKey))
    }
    if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
      const why = "effect must be 'NoExecute' when `tolerationSeconds` is set"
      errors.push(field.invalid(at.child('effect'), effect ?? '', why))
    }
    if (operator === 'Equal') {
      const why = isValidLabelValue(value)
      if (why.length > 0) errors.push(field.invalid(operatorPath, value, why.join(';')))
    } else if (operator === 'Exists') {
      const why = "value must be empty when `operator` is 'Exists'"
      if (value !== '') errors.push(field.invalid(operatorPath, toleration, why))
    } else errors.push(field.notSupported(operatorPath, operator, ['Equal', 'Exists']))
    const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']
    return [...errors, ...oneOfValues(at.child('effect'), effect, effects)]
  })
}

export function validateTopologySpread(
  constraints: readonly TopologySpreadConstraint[] | undefined,
  path: FieldPath,
): readonly FieldError[] {
  return [
    ...each(path, constraints, (constraint, at) => {
      const { maxSkew, minDomains, topologyKey, whenUnsatisfiable, labelSelector } = constraint
      const errors: FieldError[] = []
      if (maxSkew <= 0) {
        errors.push(field.invalid(at.child('maxSkew'), maxSkew, 'must be greater than zero'))
      }
      if (topologyKey === '') {
        errors.push(field.required(at.child('topologyKey'), 'can not be empty'))
      } else errors.push(...validateLabelName(topologyKey, at.child('topologyKey')))
      const actions = ['DoNotSchedule', 'ScheduleAnyway']
      errors.push(...oneOfValues(at.child('whenUnsatisfiable'), whenUnsatisfiable, actions, true))
      if (minDomains !== undefined && minDomains <= 0) {
        errors.push(field.invalid(at.child('minDomains'), minDomains, 'must be greater than zero'))
      }
      if (minDomains !== undefined && whenUnsatisfiable !== 'DoNotSchedule') {
        const why = 'can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway'
        errors.push(field.invalid(at.child('minDomains'), minDomains, why))
      }
      return [...errors, ...validateLabelSelector(labelSelector, at.child('labelSelector'))]
    }),
    ...duplicates(
      constraints,
      ({ topologyKey, whenUnsatisfiable }) => `{${topologyKey}, ${whenUnsatisfiable}}`,
      ({ topologyKey, whenUnsatisfiable }, at) =>
        field.duplicate(
          path.index(at).child('{topologyKey, whenUnsatisfiable}'),
          `{${topologyKey}, ${whenUnsatisfiable}}`,
        ),
    ),
  ]
}
