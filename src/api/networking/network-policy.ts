import {
  type InputObjectOf,
  int32,
  intOrString,
  item,
  list,
  type Whole,
  oneOf,
  pointer,
  type ReadOf,
  resource,
  string,
  struct,
  value,
} from '#machinery'
import { ageColumn, formatSelector, nameColumn } from '../columns.ts'
import { validateNetworkPolicy } from './network-policy-validation.ts'
import { LabelSelector } from '../meta/label-selector.ts'

export const NetworkPolicySchema = struct('io.k8s.api.networking.v1.NetworkPolicy', () => ({
  spec: value(NetworkPolicySpec, 2),
}))

export const NetworkPolicySpec = struct(
  'io.k8s.api.networking.v1.NetworkPolicySpec',
  () => ({
    podSelector: value(LabelSelector, 1),
    ingress: list(NetworkPolicyIngressRule, 2),
    egress: list(NetworkPolicyEgressRule, 3),
    policyTypes: list(oneOf('Egress', 'Ingress'), 4),
  }),
  {
    defaults(spec) {
      // A policy is about incoming traffic always, about outgoing where it says something of it.
      spec.policyTypes ??= spec.egress === undefined ? ['Ingress'] : ['Ingress', 'Egress']
    },
  },
)
export type NetworkPolicySpec = ReadOf<typeof NetworkPolicySpec>

export const NetworkPolicyIngressRule = struct(
  'io.k8s.api.networking.v1.NetworkPolicyIngressRule',
  () => ({
    ports: list(NetworkPolicyPort, 1),
    from: list(NetworkPolicyPeer, 2),
  }),
)
export type NetworkPolicyIngressRule = ReadOf<typeof NetworkPolicyIngressRule>

export const NetworkPolicyPort = struct('io.k8s.api.networking.v1.NetworkPolicyPort', () => ({
  protocol: string(1).keep().default('TCP'),
  port: intOrString(2),
  endPort: int32(3).keep(),
}))
export type NetworkPolicyPort = ReadOf<typeof NetworkPolicyPort>

export const NetworkPolicyPeer = struct('io.k8s.api.networking.v1.NetworkPolicyPeer', () => ({
  podSelector: pointer(LabelSelector, 1),
  namespaceSelector: pointer(LabelSelector, 2),
  ipBlock: pointer(IPBlock, 3),
}))
export type NetworkPolicyPeer = ReadOf<typeof NetworkPolicyPeer>

export const IPBlock = struct('io.k8s.api.networking.v1.IPBlock', () => ({
  cidr: string(1).emit().required(),
  except: list(item.string, 2),
}))
export type IPBlock = ReadOf<typeof IPBlock>

export const NetworkPolicyEgressRule = struct(
  'io.k8s.api.networking.v1.NetworkPolicyEgressRule',
  () => ({
    ports: list(NetworkPolicyPort, 1),
    to: list(NetworkPolicyPeer, 2),
  }),
)
export type NetworkPolicyEgressRule = ReadOf<typeof NetworkPolicyEgressRule>

export const NetworkPolicy = resource({
  name: 'networkpolicies',
  shortNames: ['netpol'],
  namespaced: true,
  faces: [
    {
      group: 'networking.k8s.io',
      version: 'v1',
      kind: 'NetworkPolicy',
      schema: NetworkPolicySchema,
    },
  ],
  generation: true,
  validate: validateNetworkPolicy,
  columns: [
    nameColumn,
    { name: 'Pod-Selector', value: (policy) => formatSelector(policy.spec.podSelector) },
    ageColumn,
  ],
})
export type NetworkPolicy = Whole<typeof NetworkPolicySchema>
export type NetworkPolicyInput = InputObjectOf<typeof NetworkPolicy>
