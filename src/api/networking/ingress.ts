import {
  type InputObjectOf,
  int32,
  item,
  list,
  type Whole,
  pointer,
  type ReadOf,
  resource,
  string,
  struct,
  value,
} from '#machinery'
import { ageColumn, nameColumn } from '../columns.ts'
import {
  ingressWarnings,
  validateIngress,
  validateIngressCreate,
  validateIngressStatus,
} from './ingress-validation.ts'
import { ingressAddresses, ingressHosts } from './ingress-columns.ts'
import { TypedLocalObjectReference } from '../core/object-reference.ts'

export const IngressSchema = struct('io.k8s.api.networking.v1.Ingress', () => ({
  spec: value(IngressSpec, 2),
  status: value(IngressStatus, 3),
}))

export const IngressSpec = struct('io.k8s.api.networking.v1.IngressSpec', () => ({
  ingressClassName: string(4).keep(),
  defaultBackend: pointer(IngressBackend, 1),
  tls: list(IngressTLS, 2),
  rules: list(IngressRule, 3),
}))
export type IngressSpec = ReadOf<typeof IngressSpec>

export const IngressBackend = struct('io.k8s.api.networking.v1.IngressBackend', () => ({
  service: pointer(IngressServiceBackend, 4),
  resource: pointer(TypedLocalObjectReference, 3),
}))
export type IngressBackend = ReadOf<typeof IngressBackend>

export const IngressServiceBackend = struct(
  'io.k8s.api.networking.v1.IngressServiceBackend',
  () => ({
    name: string(1).emit().required(),
    port: value(ServiceBackendPort, 2),
  }),
)
export type IngressServiceBackend = ReadOf<typeof IngressServiceBackend>

export const ServiceBackendPort = struct(
  'io.k8s.api.networking.v1.ServiceBackendPort',
  () => ({
    name: string(1),
    number: int32(2),
  }),
  { mapType: 'atomic' },
)
export type ServiceBackendPort = ReadOf<typeof ServiceBackendPort>

export const IngressTLS = struct('io.k8s.api.networking.v1.IngressTLS', () => ({
  hosts: list(item.string, 1),
  secretName: string(2),
}))
export type IngressTLS = ReadOf<typeof IngressTLS>

export const IngressRule = struct('io.k8s.api.networking.v1.IngressRule', () => ({
  host: string(1),
  http: pointer(HTTPIngressRuleValue, 1).inlineIn(2),
}))
export type IngressRule = ReadOf<typeof IngressRule>

export const HTTPIngressRuleValue = struct('io.k8s.api.networking.v1.HTTPIngressRuleValue', () => ({
  paths: list(HTTPIngressPath, 1).orNull().required(),
}))
export type HTTPIngressRuleValue = ReadOf<typeof HTTPIngressRuleValue>

export const HTTPIngressPath = struct('io.k8s.api.networking.v1.HTTPIngressPath', () => ({
  path: string(1),
  pathType: string(3).orNull().required(),
  backend: value(IngressBackend, 2).required(),
}))
export type HTTPIngressPath = ReadOf<typeof HTTPIngressPath>

export const IngressStatus = struct('io.k8s.api.networking.v1.IngressStatus', () => ({
  loadBalancer: value(IngressLoadBalancerStatus, 1),
}))
export type IngressStatus = ReadOf<typeof IngressStatus>

export const IngressLoadBalancerStatus = struct(
  'io.k8s.api.networking.v1.IngressLoadBalancerStatus',
  () => ({
    ingress: list(IngressLoadBalancerIngress, 1),
  }),
)
export type IngressLoadBalancerStatus = ReadOf<typeof IngressLoadBalancerStatus>

export const IngressLoadBalancerIngress = struct(
  'io.k8s.api.networking.v1.IngressLoadBalancerIngress',
  () => ({
    ip: string(1),
    hostname: string(2),
    ports: list(IngressPortStatus, 4),
  }),
)
export type IngressLoadBalancerIngress = ReadOf<typeof IngressLoadBalancerIngress>

export const IngressPortStatus = struct('io.k8s.api.networking.v1.IngressPortStatus', () => ({
  port: int32(1).emit().required(),
  protocol: string(2).emit().required(),
  error: string(3).keep(),
}))
export type IngressPortStatus = ReadOf<typeof IngressPortStatus>

export const Ingress = resource({
  name: 'ingresses',
  shortNames: ['ing'],
  namespaced: true,
  faces: [{ group: 'networking.k8s.io', version: 'v1', kind: 'Ingress', schema: IngressSchema }],
  storagePath: 'ingress',
  subresources: {
    status: { verbs: ['get', 'patch', 'update'], validateUpdate: validateIngressStatus },
  },
  validate: validateIngressCreate,
  validateUpdate: validateIngress,
  warnings: ingressWarnings,
  columns: [
    nameColumn,
    {
      name: 'Class',
      value: (ingress) =>
        ingress.spec.ingressClassName ??
        ingress.metadata.annotations?.['kubernetes.io/ingress.class'] ??
        '<none>',
    },
    { name: 'Hosts', value: (ingress) => ingressHosts(ingress.spec.rules) },
    { name: 'Address', value: (ingress) => ingressAddresses(ingress.status.loadBalancer.ingress) },
    { name: 'Ports', value: (ingress) => (ingress.spec.tls === undefined ? '80' : '80, 443') },
    ageColumn,
  ],
})
export type Ingress = Whole<typeof IngressSchema>
export type IngressInput = InputObjectOf<typeof Ingress>
