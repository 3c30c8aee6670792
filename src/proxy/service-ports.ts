import type { Service } from '#api'
import { objectKey } from '#client'
import { addressesOf, prefixesOf, type Family } from './family.ts'

export type Protocol = 'TCP' | 'UDP' | 'SCTP'

/** A port of a Service in one address family, and all that decides where its packets go. */
export interface ServicePort {
  /** namespace/name. */
  readonly service: string
  readonly portName: string
  readonly protocol: Protocol
  readonly port: number
  readonly clusterIp: string
  /** 0 where there is none. */
  readonly nodePort: number
  readonly externalIps: readonly string[]
  /** Those that the proxy answers for: of ipMode VIP. */
  readonly loadBalancerIps: readonly string[]
  /** Empty: everybody may come. */
  readonly sourceRanges: readonly string[]
  readonly internalPolicy: 'Cluster' | 'Local'
  readonly externalPolicy: 'Cluster' | 'Local'
  /** How long a client stays with its endpoint; undefined without session affinity. */
  readonly affinitySeconds: number | undefined
}

/** Whoever bears it is another proxy's, and none of ours. */
const proxyNameLabel = 'service.kubernetes.io/service-proxy-name'
const headlessLabel = 'service.kubernetes.io/headless'
/** As the API defaults it. */
const affinitySecondsDefault = 10_800

/** Whether the proxy has to do with a Service or an EndpointSlice, going by its labels. */
export function isProxied(labels: Readonly<Record<string, string>> | undefined): boolean {
  if (labels === undefined) return true
  return !Object.hasOwn(labels, proxyNameLabel) && !Object.hasOwn(labels, headlessLabel)
}

/** In the order of the Service; empty where it has nothing to proxy in this family. */
export function servicePorts(service: Service, family: Family): ServicePort[] {
  const { spec, status, metadata } = service
  if (!isProxied(metadata.labels) || spec.type === 'ExternalName') return []
  const clusterIps = spec.clusterIPs ?? (spec.clusterIP === undefined ? [] : [spec.clusterIP])
  const [clusterIp] = addressesOf(family, clusterIps)
  if (clusterIp === undefined) return []
  const { externalIPs = [], loadBalancerSourceRanges = [] } = spec
  const isBalanced = spec.type === 'LoadBalancer'
  const ingress = isBalanced ? (status.loadBalancer?.ingress ?? []) : []
  const vips = ingress.filter(({ ipMode }) => ipMode !== 'Proxy').map(({ ip }) => ip ?? '')
  const timeoutSeconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds
  const common = {
    service: objectKey(service),
    clusterIp,
    externalIps: addressesOf(family, externalIPs),
    loadBalancerIps: addressesOf(family, vips),
    sourceRanges: isBalanced ? prefixesOf(family, loadBalancerSourceRanges) : [],
    internalPolicy: spec.internalTrafficPolicy === 'Local' ? 'Local' : 'Cluster',
    externalPolicy: spec.externalTrafficPolicy === 'Local' ? 'Local' : 'Cluster',
    affinitySeconds:
      spec.sessionAffinity === 'ClientIP' ? (timeoutSeconds ?? affinitySecondsDefault) : undefined,
  } as const
  return (spec.ports ?? []).map(({ name, protocol, port, nodePort }) => ({
    ...common,
    portName: name ?? '',
    protocol: protocolOf(protocol),
    port,
    nodePort: nodePort ?? 0,
  }))
}

/** From outside the cluster, as far as this family goes. */
export function isExternal(port: ServicePort): boolean {
  const { nodePort, externalIps, loadBalancerIps } = port
  return nodePort !== 0 || externalIps.length > 0 || loadBalancerIps.length > 0
}

export function protocolOf(text: string | undefined): Protocol {
  return text === 'UDP' || text === 'SCTP' ? text : 'TCP'
}

/** The port of the Service's health check for load balancers, where it has one. */
export function healthCheckPort({ spec }: Service): number | undefined {
  const { type, externalTrafficPolicy, healthCheckNodePort = 0 } = spec
  if (type !== 'LoadBalancer' || externalTrafficPolicy !== 'Local') return undefined
  return healthCheckNodePort === 0 ? undefined : healthCheckNodePort
}
