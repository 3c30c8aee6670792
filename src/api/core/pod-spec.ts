import {
  boolean,
  int32,
  int64,
  item,
  list,
  map,
  pointer,
  type ReadOf,
  string,
  struct,
} from '#machinery'
import { Affinity, Toleration, TopologySpreadConstraint } from './affinity.ts'
import { Container, EphemeralContainer } from './container.ts'
import { LocalObjectReference } from './object-reference.ts'
import { ResourceRequirements } from './resource-requirements.ts'
import { PodSecurityContext } from './security-context.ts'
import { Volume } from './volume.ts'

export const PodSpec = struct(
  'io.k8s.api.core.v1.PodSpec',
  () => ({
    volumes: list(Volume, 1).mapBy('name').patch('merge,retainKeys', 'name'),
    initContainers: list(Container, 20).mapBy('name').patch('merge', 'name'),
    containers: list(Container, 2).orNull().mapBy('name').patch('merge', 'name').required(),
    ephemeralContainers: list(EphemeralContainer, 34).mapBy('name').patch('merge', 'name'),
    restartPolicy: string(3).values('Always', 'Never', 'OnFailure').default('Always'),
    terminationGracePeriodSeconds: int64(4).keep().default(30),
    activeDeadlineSeconds: int64(5).keep(),
    dnsPolicy: string(6)
      .values('ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None')
      .default('ClusterFirst'),
    nodeSelector: map(item.string, 7).atomic(),
    serviceAccountName: string(8),
    serviceAccount: string(9),
    automountServiceAccountToken: boolean(21).keep(),
    nodeName: string(10),
    hostNetwork: boolean(11),
    hostPID: boolean(12),
    hostIPC: boolean(13),
    shareProcessNamespace: boolean(27).keep(),
    securityContext: pointer(PodSecurityContext, 14).default({}),
    imagePullSecrets: list(LocalObjectReference, 15).mapBy('name').patch('merge', 'name'),
    hostname: string(16),
    subdomain: string(17),
    affinity: pointer(Affinity, 18),
    schedulerName: string(19).default('default-scheduler'),
    tolerations: list(Toleration, 22),
    hostAliases: list(HostAlias, 23).mapBy('ip').patch('merge', 'ip'),
    priorityClassName: string(24),
    priority: int32(25).keep(),
    dnsConfig: pointer(PodDNSConfig, 26),
    readinessGates: list(PodReadinessGate, 28),
    runtimeClassName: string(29).keep(),
    enableServiceLinks: boolean(30).keep(),
    preemptionPolicy: string(31).values('Never', 'PreemptLowerPriority').keep(),
    overhead: map(item.quantity, 32),
    topologySpreadConstraints: list(TopologySpreadConstraint, 33)
      .mapBy('topologyKey', 'whenUnsatisfiable')
      .patch('merge', 'topologyKey'),
    setHostnameAsFQDN: boolean(35).keep(),
    os: pointer(PodOS, 36),
    hostUsers: boolean(37).keep(),
    schedulingGates: list(PodSchedulingGate, 38).mapBy('name').patch('merge', 'name'),
    resourceClaims: list(PodResourceClaim, 39).mapBy('name').patch('merge,retainKeys', 'name'),
    resources: pointer(ResourceRequirements, 40),
    hostnameOverride: string(41).keep(),
    schedulingGroup: pointer(PodSchedulingGroup, 43).alpha('GenericWorkload'),
  }),
  {
    defaults(spec) {
      // serviceAccount is the old name; the new one wins, and both are always written.
      const account = spec.serviceAccountName ?? spec.serviceAccount
      if (account === undefined) return
      spec.serviceAccountName = account
      spec.serviceAccount = account
    },
  },
)
export type PodSpec = ReadOf<typeof PodSpec>

export const HostAlias = struct('io.k8s.api.core.v1.HostAlias', () => ({
  ip: string(1).emit().required(),
  hostnames: list(item.string, 2),
}))
export type HostAlias = ReadOf<typeof HostAlias>

export const PodDNSConfig = struct('io.k8s.api.core.v1.PodDNSConfig', () => ({
  nameservers: list(item.string, 1),
  searches: list(item.string, 2),
  options: list(PodDNSConfigOption, 3),
}))
export type PodDNSConfig = ReadOf<typeof PodDNSConfig>

export const PodDNSConfigOption = struct('io.k8s.api.core.v1.PodDNSConfigOption', () => ({
  name: string(1),
  value: string(2).keep(),
}))
export type PodDNSConfigOption = ReadOf<typeof PodDNSConfigOption>

export const PodReadinessGate = struct('io.k8s.api.core.v1.PodReadinessGate', () => ({
  conditionType: string(1).emit().required(),
}))
export type PodReadinessGate = ReadOf<typeof PodReadinessGate>

export const PodOS = struct('io.k8s.api.core.v1.PodOS', () => ({
  name: string(1).values('linux', 'windows').emit().required(),
}))
export type PodOS = ReadOf<typeof PodOS>

export const PodSchedulingGate = struct('io.k8s.api.core.v1.PodSchedulingGate', () => ({
  name: string(1).emit().required(),
}))
export type PodSchedulingGate = ReadOf<typeof PodSchedulingGate>

export const PodResourceClaim = struct('io.k8s.api.core.v1.PodResourceClaim', () => ({
  name: string(1).emit().required(),
  resourceClaimName: string(3).keep(),
  resourceClaimTemplateName: string(4).keep(),
}))
export type PodResourceClaim = ReadOf<typeof PodResourceClaim>

export const PodSchedulingGroup = struct(
  'io.k8s.api.core.v1.PodSchedulingGroup',
  () => ({
    podGroupName: string(1).keep(),
  }),
  { unions: [{ fields: { podGroupName: 'PodGroupName' } }] },
)
export type PodSchedulingGroup = ReadOf<typeof PodSchedulingGroup>
