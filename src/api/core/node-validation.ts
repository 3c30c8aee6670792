import {
  field,
  isValidCIDR,
  isValidLabelValue,
  validateLabelName,
  type FieldError,
  type FieldPath,
  type Whole,
} from '#machinery'
import { duplicates, each, oneOfValues, problems, specPath } from '../validation.ts'
import type { NodeSchema, Taint } from './node.ts'

type Node = Whole<typeof NodeSchema>

export function validateNode({ spec }: Node): readonly FieldError[] {
  return [
    ...validateTaints(spec.taints, specPath.child('taints')),
    ...each(specPath.child('podCIDRs'), spec.podCIDRs, (range, at) =>
      problems(at, range, isValidCIDR(range)),
    ),
    ...((spec.podCIDRs ?? []).length > 2
      ? [
          field.invalid(
            specPath.child('podCIDRs'),
            spec.podCIDRs,
            'may specify no more than one CIDR for each IP family',
          ),
        ]
      : []),
  ]
}

export function validateNodeUpdate(node: Node, old: Node): readonly FieldError[] {
  const errors = [...validateNode(node)]
  const before = old.spec.podCIDRs ?? []
  const next = node.spec.podCIDRs ?? []
  if (before.length > 0 && before.join() !== next.join()) {
    const why = 'node updates may not change podCIDR except from "" to valid'
    errors.push(field.forbidden(specPath.child('podCIDRs'), why))
  }
  if (old.spec.providerID !== undefined && old.spec.providerID !== node.spec.providerID) {
    const why = 'node updates may not change providerID except from "" to valid'
    errors.push(field.forbidden(specPath.child('providerID'), why))
  }
  return errors
}

function validateTaints(
  taints: readonly Taint[] | undefined,
  path: FieldPath,
): readonly FieldError[] {
  return [
    ...each(path, taints, ({ key, value = '', effect }, at) => [
      ...validateLabelName(key, at.child('key')),
      ...problems(at.child('value'), value, isValidLabelValue(value)),
      ...oneOfValues(
        at.child('effect'),
        effect,
        ['NoSchedule', 'PreferNoSchedule', 'NoExecute'],
        true,
      ),
    ]),
    ...duplicates(
      taints,
      ({ key, effect }) => `${key}:${effect}`,
      (taint, at) => field.duplicate(path.index(at), taint),
    ),
  ]
}
