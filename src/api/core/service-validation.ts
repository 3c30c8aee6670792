import {
  equalJson,
  field,
  isDNS1123Label,
  isDNS1123Subdomain,
  isQualifiedName,
  isValidCIDRForLegacyField,
  isValidIPForLegacyField,
  validateLabels,
  type FieldError,
  type Whole,
} from '#machinery'
import {
  duplicates,
  each,
  oneOfValues,
  portNumber,
  portNumberOrName,
  problems,
  requiredText,
  specPath,
} from '../validation.ts'
import type { ServiceSchema, ServiceSpec } from './service.ts'

type Service = Whole<typeof ServiceSchema>

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']
const affinityMaxSeconds = 86_400

export function validateService({ spec }: Service): readonly FieldError[] {
  return [
    ...validateShape(spec),
    ...validatePorts(spec),
    ...validateLabels(spec.selector, specPath.child('selector')),
    ...oneOfValues(
      specPath.child('sessionAffinity'),
      spec.sessionAffinity,
      ['ClientIP', 'None'],
      true,
    ),
    ...validateAffinity(spec),
    ...validateAddresses(spec),
    ...oneOfValues(specPath.child('type'), spec.type, types, true),
    ...validateTraffic(spec),
  ]
}

export function validateServiceUpdate(service: Service, old: Service): readonly FieldError[] {
  return [...validateAddressesKept(service.spec, old.spec), ...validateService(service)]
}

/** What a type needs and what it excludes. */
function validateShape(spec: ServiceSpec): readonly FieldError[] {
  const { type, clusterIP = '', ports = [] } = spec
  const headless = clusterIP === 'None'
  const errors: FieldError[] = []
  if (ports.length === 0 && !headless && type !== 'ExternalName') {
    errors.push(field.required(specPath.child('ports')))
  }
  if (type === 'ExternalName') {
    const name = spec.externalName ?? ''
    errors.push(
      ...requiredText(specPath.child('externalName'), name.replace(/\.$/, ''), isDNS1123Subdomain),
    )
    if (clusterIP !== '') {
      const why = 'may not be set for ExternalName services'
      errors.push(field.forbidden(specPath.child('clusterIP'), why))
    }
  }
  if (headless && (type === 'NodePort' || type === 'LoadBalancer')) {
    const why = `may not be set to 'None' for ${type} services`
    errors.push(field.invalid(specPath.child('clusterIPs').index(0), clusterIP, why))
  }
  return errors
}

function validatePorts(spec: ServiceSpec): readonly FieldError[] {
  const path = specPath.child('ports')
  const { ports, type, clusterIP } = spec
  const many = (ports ?? []).length > 1
  return [
    ...each(path, ports, (port, at) => {
      const { name = '', targetPort, nodePort, appProtocol } = port
      const errors: FieldError[] = []
      if (many && name === '') errors.push(field.required(at.child('name')))
      if (name !== '') errors.push(...problems(at.child('name'), name, isDNS1123Label(name)))
      errors.push(...portNumber(at.child('port'), port.port))
      errors.push(...oneOfValues(at.child('protocol'), port.protocol, ['SCTP', 'TCP', 'UDP'], true))
      errors.push(...portNumberOrName(at.child('targetPort'), targetPort))
      if (appProtocol !== undefined) {
        errors.push(...problems(at.child('appProtocol'), appProtocol, isQualifiedName(appProtocol)))
      }
      if (nodePort !== undefined && (type === 'ClusterIP' || type === 'ExternalName')) {
        const why = `may not be used when \`type\` is '${type}'`
        errors.push(field.forbidden(at.child('nodePort'), why))
      } else if (nodePort !== undefined) {
        errors.push(...portNumber(at.child('nodePort'), nodePort))
      }
      if (clusterIP === 'None' && port.targetPort !== port.port && nodePort !== undefined) {
        errors.push(field.forbidden(at.child('nodePort'), 'may not be used for headless services'))
      }
      return errors
    }),
    ...duplicates(
      ports,
      ({ name }) => name,
      ({ name }, at) => field.duplicate(path.index(at).child('name'), name),
    ),
    ...duplicates(
      ports,
      ({ nodePort, protocol }) => (nodePort === undefined ? undefined : `${protocol}/${nodePort}`),
      ({ nodePort }, at) => field.duplicate(path.index(at).child('nodePort'), nodePort),
    ),
    ...duplicates(
      ports,
      ({ port, protocol }) => `${protocol}/${port}`,
      ({ port, protocol }, at) => field.duplicate(path.index(at), { protocol, port }),
    ),
  ]
}

function validateAffinity(spec: ServiceSpec): readonly FieldError[] {
  const path = specPath.child('sessionAffinityConfig')
  const config = spec.sessionAffinityConfig
  if (spec.sessionAffinity !== 'ClientIP') {
    if (config === undefined) return []
    const why = 'must not be set when session affinity is None'
    return [field.forbidden(path, why)]
  }
  const seconds = config?.clientIP?.timeoutSeconds
  if (seconds === undefined) {
    return [field.required(path, 'must not be empty when session affinity is ClientIP')]
  }
  if (seconds > 0 && seconds <= affinityMaxSeconds) return []
  const why = `must be greater than 0 and less than ${affinityMaxSeconds}`
  return [field.invalid(path.child('clientIP', 'timeoutSeconds'), seconds, why)]
}

function validateAddresses(spec: ServiceSpec): readonly FieldError[] {
  const { clusterIP, clusterIPs, loadBalancerSourceRanges } = spec
  const path = specPath.child('clusterIPs')
  const errors: FieldError[] = []
  if (clusterIP !== undefined && clusterIPs !== undefined && clusterIPs[0] !== clusterIP) {
    const why = 'first value must match `clusterIP`'
    errors.push(field.invalid(path, clusterIPs, why))
  }
  const ranges = specPath.child('loadBalancerSourceRanges')
  if (loadBalancerSourceRanges !== undefined && spec.type !== 'LoadBalancer') {
    errors.push(field.forbidden(ranges, "may only be used when `type` is 'LoadBalancer'"))
  }
  return [
    ...errors,
    ...each(path, clusterIPs, (ip, at) => {
      if (ip === 'None') {
        if (clusterIPs?.length === 1) return []
        return [field.invalid(at, ip, "'None' must be the first and only value")]
      }
      return problems(at, ip, isValidIPForLegacyField(ip))
    }),
    ...each(specPath.child('externalIPs'), spec.externalIPs, (ip, at) =>
      problems(at, ip, isValidIPForLegacyField(ip)),
    ),
    ...each(ranges, loadBalancerSourceRanges, (range, at) =>
      problems(at, range, isValidCIDRForLegacyField(range.trim())),
    ),
    ...each(specPath.child('ipFamilies'), spec.ipFamilies, (family, at) =>
      oneOfValues(at, family, ['IPv4', 'IPv6'], true),
    ),
    ...oneOfValues(specPath.child('ipFamilyPolicy'), spec.ipFamilyPolicy, [
      'SingleStack',
      'PreferDualStack',
      'RequireDualStack',
    ]),
  ]
}

function validateTraffic(spec: ServiceSpec): readonly FieldError[] {
  const { type, externalTrafficPolicy, healthCheckNodePort, loadBalancerClass } = spec
  const external = specPath.child('externalTrafficPolicy')
  const policies = ['Cluster', 'Local']
  const errors: FieldError[] = []
  const exposed =
    type === 'NodePort' || type === 'LoadBalancer' || (spec.externalIPs ?? []).length > 0
  if (externalTrafficPolicy !== undefined && !exposed) {
    const why = 'may only be set for externally-accessible services'
    errors.push(field.invalid(external, externalTrafficPolicy, why))
  } else errors.push(...oneOfValues(external, externalTrafficPolicy, policies, exposed))
  if (healthCheckNodePort !== undefined) {
    if (type !== 'LoadBalancer' || externalTrafficPolicy !== 'Local') {
      const why =
        "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
      errors.push(field.invalid(specPath.child('healthCheckNodePort'), healthCheckNodePort, why))
    }
  }
  errors.push(
    ...oneOfValues(specPath.child('internalTrafficPolicy'), spec.internalTrafficPolicy, policies),
  )
  if (loadBalancerClass !== undefined) {
    const path = specPath.child('loadBalancerClass')
    errors.push(...problems(path, loadBalancerClass, isQualifiedName(loadBalancerClass)))
    if (type !== 'LoadBalancer') {
      errors.push(field.forbidden(path, "may only be used when `type` is 'LoadBalancer'"))
    }
  }
  if (spec.allocateLoadBalancerNodePorts !== undefined && type !== 'LoadBalancer') {
    const path = specPath.child('allocateLoadBalancerNodePorts')
    errors.push(field.forbidden(path, "may only be used when `type` is 'LoadBalancer'"))
  }
  const distributions = ['PreferClose', 'PreferSameZone', 'PreferSameNode']
  const distribution = specPath.child('trafficDistribution')
  return [...errors, ...oneOfValues(distribution, spec.trafficDistribution, distributions)]
}

/** A Service keeps its address for as long as its type has one. */
function validateAddressesKept(spec: ServiceSpec, old: ServiceSpec): readonly FieldError[] {
  if (spec.type === 'ExternalName' || old.type === 'ExternalName') return []
  const before = old.clusterIPs?.[0]
  const next = spec.clusterIPs?.[0]
  if (before === undefined || equalJson(before, next)) return []
  return [
    field.invalid(
      specPath.child('clusterIPs').index(0),
      spec.clusterIPs ?? [],
      'may not change once set',
    ),
  ]
}
