import {
  field,
  FieldPath,
  isDNS1123Label,
  isDNS1123Subdomain,
  isQualifiedName,
  isValidLabelValue,
  validateLabels,
  type FieldError,
  type Whole,
} from '#machinery'
import { isIPFamily, validateEndpointIP, validateLegacyIP } from '../core/endpoint-ip.ts'
import { unchanged } from '../immutable.ts'
import { duplicates, each, oneOfValues, optionalText, problems } from '../validation.ts'
import type {
  Endpoint,
  EndpointHints,
  EndpointSlicePort,
  EndpointSliceSchema,
} from './endpoint-slice.ts'

type EndpointSlice = Whole<typeof EndpointSliceSchema>

const endpointsMax = 1000
const addressesMax = 100
const portsMax = 20_000
const topologyLabelsMax = 16
const zoneHintsMax = 8
const nodeHintsMax = 8

export function validateEndpointSlice(slice: EndpointSlice): readonly FieldError[] {
  return validateSlice(slice, undefined)
}

export function validateEndpointSliceUpdate(
  slice: EndpointSlice,
  old: EndpointSlice,
): readonly FieldError[] {
  const path = FieldPath.root('addressType')
  return [...validateSlice(slice, old), ...unchanged(path, slice.addressType, old.addressType)]
}

function validateSlice(
  { addressType, endpoints, ports }: EndpointSlice,
  old: EndpointSlice | undefined,
): readonly FieldError[] {
  const known = new Set((old?.endpoints ?? []).flatMap(({ addresses }) => addresses ?? []))
  return [
    ...oneOfValues(FieldPath.root('addressType'), addressType, ['FQDN', 'IPv4', 'IPv6'], true),
    ...atMost(FieldPath.root('endpoints'), endpoints, endpointsMax, (endpoint, path) =>
      validateEndpoint(endpoint, addressType, known, path),
    ),
    ...validatePorts(ports),
  ]
}

/** The items, or only that there are too many of them. */
function atMost<T>(
  path: FieldPath,
  items: readonly T[] | null | undefined,
  max: number,
  validate: (item: T, path: FieldPath) => readonly FieldError[],
): readonly FieldError[] {
  const count = items?.length ?? 0
  return count > max ? [field.tooMany(path, count, max)] : each(path, items, validate)
}

function validateEndpoint(
  endpoint: Endpoint,
  addressType: string,
  known: ReadonlySet<string>,
  path: FieldPath,
): readonly FieldError[] {
  const { nodeName, hostname, hints } = endpoint
  const addresses = endpoint.addresses ?? []
  const topology = endpoint.deprecatedTopology ?? {}
  const addressesPath = path.child('addresses')
  const nodePath = path.child('nodeName')
  const topologyPath = path.child('deprecatedTopology')
  const labels = Object.keys(topology).length
  return [
    ...(addresses.length === 0
      ? [field.required(addressesPath, 'must contain at least 1 address')]
      : []),
    ...(addresses.length > addressesMax
      ? [field.tooMany(addressesPath, addresses.length, addressesMax)]
      : []),
    ...each(addressesPath, addresses, (address, at) =>
      validateAddress(address, addressType, known, at),
    ),
    ...(nodeName === undefined ? [] : problems(nodePath, nodeName, isDNS1123Subdomain(nodeName))),
    ...(labels > topologyLabelsMax ? [field.tooMany(topologyPath, labels, topologyLabelsMax)] : []),
    ...validateLabels(topology, topologyPath),
    ...(hostname === undefined
      ? []
      : problems(path.child('hostname'), hostname, isDNS1123Label(hostname))),
    ...(hints === undefined ? [] : validateHints(hints, path.child('hints'))),
  ]
}

function validateAddress(
  address: string,
  type: string,
  known: ReadonlySet<string>,
  path: FieldPath,
): readonly FieldError[] {
  if (type === 'FQDN') return validateDomainName(path, address)
  if (type !== 'IPv4' && type !== 'IPv6') return []
  const malformed = validateLegacyIP(path, address, known)
  if (malformed.length > 0) return malformed
  const family = isIPFamily(address, type)
    ? []
    : [field.invalid(path, address, `must be an ${type} address`)]
  return [...family, ...validateEndpointIP(path, address)]
}

/** Fully qualified: a subdomain of something. */
function validateDomainName(path: FieldPath, address: string): readonly FieldError[] {
  if (address === '') return [field.required(path)]
  const name = address.replace(/\.$/, '')
  const found = isDNS1123Subdomain(name)
  if (found.length > 0) return [field.invalid(path, name, found.join(','))]
  const labels = name.split('.')
  if (labels.length < 2) {
    const why = 'should be a domain with at least two segments separated by dots'
    return [field.invalid(path, name, why)]
  }
  const wrong = labels.find((label) => isDNS1123Label(label).length > 0)
  return wrong === undefined ? [] : [field.invalid(path, wrong, isDNS1123Label(wrong).join(','))]
}

function validateHints(hints: EndpointHints, path: FieldPath): readonly FieldError[] {
  const parts = [
    { name: 'forZones', items: hints.forZones, max: zoneHintsMax, check: isValidLabelValue },
    { name: 'forNodes', items: hints.forNodes, max: nodeHintsMax, check: isDNS1123Subdomain },
  ] as const
  return parts.flatMap(({ name, items, max, check }) => {
    const at = path.child(name)
    const nameOf = (index: number) => at.index(index).child('name')
    if ((items?.length ?? 0) > max) return [field.tooMany(at, items?.length ?? 0, max)]
    return [
      ...duplicates(
        items,
        (hint) => hint.name,
        (hint, index) => field.duplicate(nameOf(index), hint.name),
      ),
      ...each(at, items, (hint, _, index) => problems(nameOf(index), hint.name, check(hint.name))),
    ]
  })
}

function validatePorts(ports: readonly EndpointSlicePort[] | null): readonly FieldError[] {
  const seen = new Set<string>()
  return atMost(FieldPath.root('ports'), ports, portsMax, (port, path) => {
    const { name, protocol, appProtocol } = port
    const errors = [...optionalText(path.child('name'), name, isDNS1123Label)]
    // No name is a name, too: only one port can do without.
    if (seen.has(name)) errors.push(field.duplicate(path.child('name'), name))
    seen.add(name)
    return [
      ...errors,
      ...oneOfValues(path.child('protocol'), protocol, ['SCTP', 'TCP', 'UDP'], true),
      ...(appProtocol === undefined
        ? []
        : problems(path.child('appProtocol'), appProtocol, isQualifiedName(appProtocol))),
    ]
  })
}
