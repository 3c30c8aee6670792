import type { ServiceSpec } from '#api'
import {
  field,
  FieldPath,
  isIpv4,
  isValidIPForLegacyField,
  parseIp,
  type FieldError,
  type Mutable,
} from '#machinery'

export type IpFamily = 'IPv4' | 'IPv6'

type Spec = Mutable<ServiceSpec>

const specPath = FieldPath.root('spec')

export function familyOf(address: string): IpFamily {
  const bytes = parseIp(address)
  return bytes !== undefined && isIpv4(bytes) ? 'IPv4' : 'IPv6'
}

/**
 * Fills in ipFamilyPolicy and ipFamilies from what the client gave and what the cluster has
 * (KEP-563), or tells what cannot be. `configured` starts with the default family. Pure.
 */
export function settleFamilies(spec: Spec, configured: readonly IpFamily[]): readonly FieldError[] {
  const problems = [...checkAddresses(spec), ...checkSingleStack(spec)]
  if (problems.length > 0) return problems
  const inferred = inferFamilies(spec, configured)
  if (inferred.length > 0) return inferred
  const families = [...(spec.ipFamilies ?? [])]
  const headless = spec.clusterIPs?.[0] === 'None'
  if (headless && Object.keys(spec.selector ?? {}).length === 0) {
    // Whoever fills its endpoints by hand may use families the cluster has not.
    spec.ipFamilyPolicy ??= 'RequireDualStack'
    const [first = configured[0] ?? 'IPv4'] = families
    const single = spec.ipFamilyPolicy === 'SingleStack'
    spec.ipFamilies = families.length > 1 ? families : single ? [first] : [first, other(first)]
    return []
  }
  spec.ipFamilyPolicy ??= 'SingleStack'
  return fit(spec, families, configured)
}

function fit(
  spec: Spec,
  families: ('' | IpFamily)[],
  configured: readonly IpFamily[],
): readonly FieldError[] {
  const path = specPath.child('ipFamilies')
  const policy = spec.ipFamilyPolicy
  const problems = families.flatMap((family, i) =>
    configured.some((known) => known === family)
      ? []
      : [field.invalid(path.index(i), family, 'not configured on this cluster')],
  )
  if (policy === 'RequireDualStack' && configured.length < 2) {
    problems.push(
      field.invalid(
        specPath.child('ipFamilyPolicy'),
        policy,
        'this cluster is not configured for dual-stack services',
      ),
    )
  }
  if (problems.length > 0) return problems
  const [first = configured[0] ?? 'IPv4'] = families
  const dual = policy !== 'SingleStack' && configured.length > 1
  spec.ipFamilies = families.length > 1 ? families : dual ? [first, other(first)] : [first]
  return []
}

function checkAddresses({ clusterIP = '', clusterIPs = [] }: Spec): readonly FieldError[] {
  const path = specPath.child('clusterIPs')
  if (clusterIPs.length === 0) return []
  if (clusterIP === '') {
    return [field.invalid(path, clusterIPs, 'must be empty when `clusterIP` is not specified')]
  }
  if (clusterIPs[0] !== clusterIP) {
    return [field.invalid(path, clusterIPs, 'first value must match `clusterIP`')]
  }
  if (clusterIPs.includes('None')) {
    if (clusterIPs.length === 1) return []
    return [field.invalid(path, clusterIPs, "'None' must be the first and only value")]
  }
  return clusterIPs.flatMap((address, i) =>
    isValidIPForLegacyField(address).map((why) => field.invalid(path.index(i), address, why)),
  )
}

function checkSingleStack({ ipFamilyPolicy, clusterIPs, ipFamilies }: Spec): readonly FieldError[] {
  if (ipFamilyPolicy !== undefined && ipFamilyPolicy !== 'SingleStack') return []
  const path = specPath.child('ipFamilyPolicy')
  const problem = (what: string) =>
    field.invalid(
      path,
      ipFamilyPolicy ?? null,
      `must be RequireDualStack or PreferDualStack when multiple ${what} are specified`,
    )
  return [
    ...((clusterIPs ?? []).length > 1 ? [problem('cluster IPs')] : []),
    ...((ipFamilies ?? []).length > 1 ? [problem('IP families')] : []),
  ]
}

/** An address that the client chose says its family. */
function inferFamilies(spec: Spec, configured: readonly IpFamily[]): readonly FieldError[] {
  const families = [...(spec.ipFamilies ?? [])]
  const problems: FieldError[] = []
  for (const [i, address] of (spec.clusterIPs ?? []).entries()) {
    if (address === 'None') break
    const family = familyOf(address)
    const path = specPath.child('clusterIPs').index(i)
    if (families[i] !== undefined) {
      if (families[i] === family) continue
      problems.push(
        field.invalid(
          path,
          address,
          `expected an ${families[i]} value as indicated by \`ipFamilies[${i}]\``,
        ),
      )
    } else if (configured.includes(family)) {
      families.push(family)
    } else {
      const why = `may not use ${family} on a cluster which is not configured for it`
      problems.push(field.invalid(path, spec.clusterIPs, why))
    }
  }
  if (problems.length === 0 && families.length > 0) spec.ipFamilies = families
  return problems
}

function other(family: '' | IpFamily): IpFamily {
  return family === 'IPv4' ? 'IPv6' : 'IPv4'
}
