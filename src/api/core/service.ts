import {
  nameIsDNS1035Label,
  boolean,
  type InputObjectOf,
  int32,
  intOrString,
  item,
  list,
  map,
  type Whole,
  oneOf,
  pointer,
  type ReadOf,
  resource,
  string,
  struct,
  value,
} from '#machinery'
import { serviceColumns } from './service-columns.ts'
import { Condition } from '../meta/condition.ts'
import { validateService, validateServiceUpdate } from './service-validation.ts'

export const ServiceSchema = struct('io.k8s.api.core.v1.Service', () => ({
  spec: value(ServiceSpec, 2),
  status: value(ServiceStatus, 3),
}))

export const ServiceSpec = struct(
  'io.k8s.api.core.v1.ServiceSpec',
  () => ({
    ports: list(ServicePort, 1).mapBy('port', 'protocol').patch('merge', 'port'),
    selector: map(item.string, 2).atomic(),
    clusterIP: string(3),
    clusterIPs: list(item.string, 18),
    type: string(4)
      .values('ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort')
      .default('ClusterIP'),
    externalIPs: list(item.string, 5),
    sessionAffinity: string(7).values('ClientIP', 'None').default('None'),
    loadBalancerIP: string(8),
    loadBalancerSourceRanges: list(item.string, 9),
    externalName: string(10),
    externalTrafficPolicy: string(11).values('Cluster', 'Local'),
    healthCheckNodePort: int32(12),
    publishNotReadyAddresses: boolean(13),
    sessionAffinityConfig: pointer(SessionAffinityConfig, 14),
    ipFamilies: list(oneOf('', 'IPv4', 'IPv6'), 19),
    ipFamilyPolicy: string(17).values('PreferDualStack', 'RequireDualStack', 'SingleStack').keep(),
    allocateLoadBalancerNodePorts: boolean(20).keep(),
    loadBalancerClass: string(21).keep(),
    internalTrafficPolicy: string(22).values('Cluster', 'Local').keep(),
    trafficDistribution: string(23).keep(),
  }),
  {
    defaults(spec) {
      defaultAffinity(spec)
      for (const port of spec.ports ?? []) {
        if (port.targetPort === 0 || port.targetPort === '') port.targetPort = port.port
      }
      const { type, externalIPs = [] } = spec
      const exposed = type === 'NodePort' || type === 'LoadBalancer'
      if (exposed || externalIPs.length > 0) spec.externalTrafficPolicy ??= 'Cluster'
      if (type !== 'ExternalName') spec.internalTrafficPolicy ??= 'Cluster'
      if (type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true
    },
  },
)
export type ServiceSpec = ReadOf<typeof ServiceSpec>

const affinitySeconds = 3 * 60 * 60

/** Affinity to clients needs a time, and only that needs one. */
function defaultAffinity(spec: {
  sessionAffinity: string
  sessionAffinityConfig?: { clientIP?: { timeoutSeconds?: number } }
}): void {
  if (spec.sessionAffinity !== 'ClientIP') {
    delete spec.sessionAffinityConfig
    return
  }
  spec.sessionAffinityConfig ??= {}
  spec.sessionAffinityConfig.clientIP ??= {}
  spec.sessionAffinityConfig.clientIP.timeoutSeconds ??= affinitySeconds
}

export const ServicePort = struct('io.k8s.api.core.v1.ServicePort', () => ({
  name: string(1),
  protocol: string(2).values('SCTP', 'TCP', 'UDP').default('TCP'),
  appProtocol: string(6).keep(),
  port: int32(3).emit().required(),
  targetPort: intOrString(4).emit(),
  nodePort: int32(5),
}))
export type ServicePort = ReadOf<typeof ServicePort>

export const SessionAffinityConfig = struct('io.k8s.api.core.v1.SessionAffinityConfig', () => ({
  clientIP: pointer(ClientIPConfig, 1),
}))
export type SessionAffinityConfig = ReadOf<typeof SessionAffinityConfig>

export const ClientIPConfig = struct('io.k8s.api.core.v1.ClientIPConfig', () => ({
  timeoutSeconds: int32(1).keep(),
}))
export type ClientIPConfig = ReadOf<typeof ClientIPConfig>

export const ServiceStatus = struct('io.k8s.api.core.v1.ServiceStatus', () => ({
  loadBalancer: value(LoadBalancerStatus, 1),
  conditions: list(Condition, 2).mapBy('type').patch('merge', 'type'),
}))
export type ServiceStatus = ReadOf<typeof ServiceStatus>

export const LoadBalancerStatus = struct('io.k8s.api.core.v1.LoadBalancerStatus', () => ({
  ingress: list(LoadBalancerIngress, 1),
}))
export type LoadBalancerStatus = ReadOf<typeof LoadBalancerStatus>

export const LoadBalancerIngress = struct(
  'io.k8s.api.core.v1.LoadBalancerIngress',
  () => ({
    ip: string(1),
    hostname: string(2),
    ipMode: string(3).values('Proxy', 'VIP').keep(),
    ports: list(PortStatus, 4),
  }),
  {
    defaults(ingress) {
      if (ingress.ip !== undefined) ingress.ipMode ??= 'VIP'
    },
  },
)
export type LoadBalancerIngress = ReadOf<typeof LoadBalancerIngress>

export const PortStatus = struct('io.k8s.api.core.v1.PortStatus', () => ({
  port: int32(1).emit().required(),
  protocol: string(2).values('SCTP', 'TCP', 'UDP').emit().required(),
  error: string(3).keep(),
}))
export type PortStatus = ReadOf<typeof PortStatus>

export const Service = resource({
  name: 'services',
  shortNames: ['svc'],
  categories: ['all'],
  namespaced: true,
  returnsDeleted: true,
  faces: [{ group: '', version: 'v1', kind: 'Service', schema: ServiceSchema }],
  storagePath: 'services/specs',
  subresources: {
    status: true,
    proxy: { kind: { group: '', version: 'v1', kind: 'ServiceProxyOptions' }, verbs: ['connect'] },
  },
  generation: false,
  createOnUpdate: true,
  columns: serviceColumns,
  selectableFields: [
    { path: 'spec.clusterIP', value: (service) => service.spec.clusterIP ?? '' },
    { path: 'spec.type', value: (service) => service.spec.type },
  ],
  validateName: nameIsDNS1035Label,
  validate: validateService,
  validateUpdate: validateServiceUpdate,
})
export type Service = Whole<typeof ServiceSchema>
export type ServiceInput = InputObjectOf<typeof Service>
