import {
  field,
  formatIp,
  isValidCIDRForLegacyField,
  isValidPortName,
  isValidPortNum,
  maskIp,
  parseCidr,
  validateLabelSelector,
  type FieldError,
  type FieldPath,
  type Whole,
} from '#machinery'
import { each, oneOfValues, problems, specPath } from '../validation.ts'
import type {
  IPBlock,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  NetworkPolicySchema,
} from './network-policy.ts'

export function validateNetworkPolicy({
  spec,
}: Whole<typeof NetworkPolicySchema>): readonly FieldError[] {
  const { podSelector, ingress, egress, policyTypes = [] } = spec
  const errors = [
    ...validateLabelSelector(podSelector, specPath.child('podSelector')),
    ...each(specPath.child('ingress'), ingress, ({ ports, from }, path) => [
      ...each(path.child('ports'), ports, validatePort),
      ...each(path.child('from'), from, validatePeer),
    ]),
    ...each(specPath.child('egress'), egress, ({ ports, to }, path) => [
      ...each(path.child('ports'), ports, validatePort),
      ...each(path.child('to'), to, validatePeer),
    ]),
  ]
  const typesPath = specPath.child('policyTypes')
  if (policyTypes.length > 2) {
    const why = 'may not specify more than two policyTypes'
    return [...errors, field.invalid(typesPath, policyTypes, why)]
  }
  return [
    ...errors,
    ...each(typesPath, policyTypes, (type, at) => oneOfValues(at, type, ['Egress', 'Ingress'])),
  ]
}

function validatePort(
  { protocol, port, endPort }: NetworkPolicyPort,
  path: FieldPath,
): readonly FieldError[] {
  return [
    ...oneOfValues(path.child('protocol'), protocol, ['TCP', 'UDP', 'SCTP'], true),
    ...validateStart(port, path.child('port')),
    ...(endPort === undefined ? [] : validateEnd(endPort, port, path.child('endPort'))),
  ]
}

function validateStart(port: NetworkPolicyPort['port'], path: FieldPath): readonly FieldError[] {
  if (port === undefined) return []
  return problems(
    path,
    port,
    typeof port === 'number' ? isValidPortNum(port) : isValidPortName(port),
  )
}

function validateEnd(
  end: number,
  port: NetworkPolicyPort['port'],
  path: FieldPath,
): readonly FieldError[] {
  if (typeof port !== 'number') {
    const state = port === undefined ? 'not specified' : 'non-numeric'
    return [field.invalid(path, end, `may not be specified when \`port\` is ${state}`)]
  }
  const errors = problems(path, end, isValidPortNum(end))
  if (end >= port) return errors
  return [field.invalid(path, port, 'must be greater than or equal to `port`'), ...errors]
}

function validatePeer(
  { podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer,
  path: FieldPath,
): readonly FieldError[] {
  const selects = podSelector !== undefined || namespaceSelector !== undefined
  if (!selects && ipBlock === undefined) return [field.required(path, 'must specify a peer')]
  return [
    ...validateLabelSelector(podSelector, path.child('podSelector')),
    ...validateLabelSelector(namespaceSelector, path.child('namespaceSelector')),
    ...(ipBlock === undefined ? [] : validateBlock(ipBlock, path.child('ipBlock'))),
    ...(selects && ipBlock !== undefined
      ? [field.forbidden(path, 'may not specify both ipBlock and another peer')]
      : []),
  ]
}

function validateBlock({ cidr, except }: IPBlock, path: FieldPath): readonly FieldError[] {
  const cidrPath = path.child('cidr')
  if (cidr === '') return [field.required(cidrPath)]
  const errors = problems(cidrPath, cidr, isValidCIDRForLegacyField(cidr))
  if (parseCidr(cidr, true) === undefined) return errors
  return [
    ...errors,
    ...each(path.child('except'), except, (inner, at) => [
      ...problems(at, inner, isValidCIDRForLegacyField(inner)),
      ...(parseCidr(inner, true) === undefined || isStrictSubset(inner, cidr)
        ? []
        : [field.invalid(at, inner, 'must be a strict subset of `cidr`')]),
    ]),
  ]
}

function isStrictSubset(inner: string, outer: string): boolean {
  const [part, whole] = [parseCidr(inner, true), parseCidr(outer, true)]
  if (part === undefined || whole === undefined) return false
  const { prefixLength } = whole
  if (part.address.length !== whole.address.length || part.prefixLength <= prefixLength) {
    return false
  }
  return formatIp(maskIp({ ...part, prefixLength })) === formatIp(maskIp(whole))
}
