import {
  field,
  isIpv4,
  isValidCIDR,
  parseCidr,
  type FieldError,
  type FieldPath,
  type Whole,
} from '#machinery'
import { unchanged } from '../immutable.ts'
import { each, problems, specPath } from '../validation.ts'
import type { ServiceCIDRSchema, ServiceCIDRSpec } from './service-cidr.ts'

type ServiceCIDR = Whole<typeof ServiceCIDRSchema>

const cidrsPath = specPath.child('cidrs')
const cidrsMax = 2

export function validateServiceCIDR({ spec }: ServiceCIDR): readonly FieldError[] {
  return validateSpec(spec, cidrsPath)
}

/** A range stays what it is; only a second family may be added (KEP-1880). */
export function validateServiceCIDRUpdate(
  range: ServiceCIDR,
  old: ServiceCIDR,
): readonly FieldError[] {
  return [...validateServiceCIDR(range), ...validateChange(range.spec, old.spec)]
}

function validateSpec(spec: ServiceCIDRSpec, path: FieldPath): readonly FieldError[] {
  const { cidrs = [] } = spec
  if (cidrs.length === 0) return [field.required(path, 'at least one CIDR required')]
  // Upstream shows the whole spec here, with its field as Go calls it.
  const shown = { CIDRs: cidrs }
  if (cidrs.length > cidrsMax) {
    return [field.invalid(path, shown, 'may only hold up to 2 values')]
  }
  if (cidrs.length === 2 && !isDualStack(cidrs)) {
    const why =
      'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64'
    return [field.invalid(path, shown, why)]
  }
  return each(path, cidrs, (cidr, at) => problems(at, cidr, isValidCIDR(cidr)))
}

function isDualStack(cidrs: readonly string[]): boolean {
  const families = cidrs.map((cidr) => {
    const parsed = parseCidr(cidr)
    return parsed && isIpv4(parsed.address)
  })
  return families.includes(true) && families.includes(false)
}

function validateChange(
  { cidrs = [] }: ServiceCIDRSpec,
  { cidrs: old = [] }: ServiceCIDRSpec,
): readonly FieldError[] {
  const extended = old.length === 1 && cidrs.length === 2
  if (cidrs.length !== old.length && !extended) return unchanged(cidrsPath, cidrs, old)
  return old.flatMap((before, at) => unchanged(cidrsPath.index(at), cidrs[at], before))
}
