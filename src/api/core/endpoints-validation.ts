import {
  field,
  FieldPath,
  isDNS1123Label,
  isDNS1123Subdomain,
  isQualifiedName,
  type FieldError,
  type Whole,
} from '#machinery'
import {
  each,
  oneOfValues,
  optionalText,
  portNumber,
  problems,
  requiredText,
} from '../validation.ts'
import { validateEndpointIP, validateLegacyIP } from './endpoint-ip.ts'
import type { EndpointAddress, EndpointPort, EndpointsSchema, EndpointSubset } from './endpoints.ts'

type Endpoints = Whole<typeof EndpointsSchema>

export function validateEndpoints(endpoints: Endpoints): readonly FieldError[] {
  return validateSubsets(endpoints.subsets, [])
}

/** An address that belongs to a node keeps belonging to it. */
export function validateEndpointsUpdate(
  endpoints: Endpoints,
  old: Endpoints,
): readonly FieldError[] {
  return validateSubsets(endpoints.subsets, old.subsets ?? [])
}

function validateSubsets(
  subsets: readonly EndpointSubset[] | undefined,
  old: readonly EndpointSubset[],
): readonly FieldError[] {
  const known = new Map(
    old
      .flatMap(({ addresses = [], notReadyAddresses = [] }) => [...addresses, ...notReadyAddresses])
      .map(({ ip, nodeName }) => [ip, nodeName]),
  )
  return each(FieldPath.root('subsets'), subsets, (subset, path) => {
    const { addresses = [], notReadyAddresses = [], ports = [] } = subset
    const check = (address: EndpointAddress, at: FieldPath) => validateAddress(address, known, at)
    return [
      // A headless Service's may have no ports, but there is no subset without addresses.
      ...(addresses.length + notReadyAddresses.length === 0
        ? [field.required(path, 'must specify `addresses` or `notReadyAddresses`')]
        : []),
      ...each(path.child('addresses'), addresses, check),
      ...each(path.child('notReadyAddresses'), notReadyAddresses, check),
      ...each(path.child('ports'), ports, (port, at) => validatePort(port, ports.length > 1, at)),
    ]
  })
}

function validateAddress(
  { ip, hostname, nodeName }: EndpointAddress,
  known: ReadonlyMap<string, string | undefined>,
  path: FieldPath,
): readonly FieldError[] {
  const nodePath = path.child('nodeName')
  const errors = [
    ...validateLegacyIP(path.child('ip'), ip, new Set(known.keys())),
    ...optionalText(path.child('hostname'), hostname, isDNS1123Label),
    ...(nodeName === undefined ? [] : problems(nodePath, nodeName, isDNS1123Subdomain(nodeName))),
  ]
  const before = known.get(ip)
  if (before !== undefined && nodeName !== undefined && nodeName !== before) {
    errors.push(field.forbidden(nodePath, `Cannot change NodeName for ${ip} to ${nodeName}`))
  }
  return errors.length > 0 ? errors : validateEndpointIP(path.child('ip'), ip)
}

function validatePort(
  { name = '', port, protocol, appProtocol }: EndpointPort,
  named: boolean,
  path: FieldPath,
): readonly FieldError[] {
  const check = named ? requiredText : optionalText
  return [
    ...check(path.child('name'), name, isDNS1123Label),
    ...portNumber(path.child('port'), port),
    ...oneOfValues(path.child('protocol'), protocol, ['SCTP', 'TCP', 'UDP'], true),
    ...(appProtocol === undefined
      ? []
      : problems(path.child('appProtocol'), appProtocol, isQualifiedName(appProtocol))),
  ]
}
