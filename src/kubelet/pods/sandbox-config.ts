import type { Pod } from '#api'
import { labels, type DnsConfig, type SandboxConfig } from '../runtime/config.ts'
import { ConfigError } from './environment.ts'
import { containersOf, initContainersOf, uidOf } from './observed.ts'
import { namespacesOf, seccompOf, supplementalGroups } from './security.ts'

export interface SandboxInput {
  readonly pod: Pod
  readonly attempt: number
  readonly logDirectory: string
  readonly cgroupParent: string
  readonly dns: DnsConfig
  /** Such as cluster.local. */
  readonly domain: string
}

/** The sandbox of a pod, as CRI takes it. */
export function sandboxConfig(input: SandboxInput): SandboxConfig {
  const { pod, attempt } = input
  const { name = '', namespace = '' } = pod.metadata
  const all = [...initContainersOf(pod), ...containersOf(pod)]
  const { securityContext } = pod.spec
  return {
    metadata: { name, uid: uidOf(pod), namespace, attempt },
    // A pod in the node's network has the node's name.
    hostname: pod.spec.hostNetwork === true ? '' : kernelName(pod, input.domain),
    logDirectory: input.logDirectory,
    dnsConfig: input.dns,
    portMappings: all.flatMap(({ ports = [] }) =>
      ports
        .filter(({ hostPort = 0 }) => hostPort !== 0)
        .map(({ protocol, containerPort, hostPort = 0, hostIP = '' }) => ({
          protocol,
          containerPort,
          hostPort,
          hostIp: hostIP,
        })),
    ),
    labels: {
      ...pod.metadata.labels,
      [labels.podName]: name,
      [labels.podNamespace]: namespace,
      [labels.podUid]: uidOf(pod),
    },
    annotations: { ...pod.metadata.annotations },
    linux: {
      cgroupParent: input.cgroupParent,
      sysctls: Object.fromEntries(
        (securityContext?.sysctls ?? []).map((sysctl) => [sysctl.name, sysctl.value]),
      ),
      securityContext: {
        namespaceOptions: namespacesOf(pod),
        privileged: all.some((container) => container.securityContext?.privileged === true),
        ...(securityContext?.runAsUser === undefined
          ? {}
          : { runAsUser: { value: securityContext.runAsUser } }),
        ...(securityContext?.runAsUser === undefined || securityContext.runAsGroup === undefined
          ? {}
          : { runAsGroup: { value: securityContext.runAsGroup } }),
        supplementalGroups: supplementalGroups(pod),
        seccomp: seccompOf({ type: 'RuntimeDefault' }),
      },
    },
  }
}

const hostnameBytesMax = 63
/** Of names as the kernel keeps them. */
const kernelNameBytesMax = 64

/** The first part of the pod's name in the network. */
export function hostnameOf(pod: Pod): string {
  const { hostname, hostnameOverride } = pod.spec
  if (hostnameOverride !== undefined) return hostnameOverride
  const name = hostname ?? pod.metadata.name ?? ''
  return name.slice(0, hostnameBytesMax).replace(/[-.]+$/, '')
}

/** The whole name of a pod that has a subdomain. */
export function fullNameOf(pod: Pod, domain: string): string | undefined {
  const { hostnameOverride, subdomain } = pod.spec
  if (subdomain === undefined || hostnameOverride !== undefined) return undefined
  return `${hostnameOf(pod)}.${subdomain}.${pod.metadata.namespace ?? ''}.svc.${domain}`
}

/** What the kernel has as the pod's name. Throws where it takes none so long. */
function kernelName(pod: Pod, domain: string): string {
  const fullName = pod.spec.setHostnameAsFQDN === true ? fullNameOf(pod, domain) : undefined
  if (fullName === undefined) return hostnameOf(pod)
  if (fullName.length <= kernelNameBytesMax) return fullName
  throw new ConfigError(
    `failed to construct FQDN from pod hostname and cluster domain, FQDN ${fullName} is too long ` +
      `(${kernelNameBytesMax} is the max, ${fullName.length} characters requested)`,
  )
}

export interface ClusterDns {
  /** Addresses of the cluster's DNS. */
  readonly servers: readonly string[]
  /** Such as cluster.local. */
  readonly domain: string
  /** The node's own resolv.conf. */
  readonly node: DnsConfig
}

/** Names are looked up as the pod's dnsPolicy says. */
export function dnsConfig(pod: Pod, cluster: ClusterDns): DnsConfig {
  const { dnsPolicy, hostNetwork } = pod.spec
  const own = pod.spec.dnsConfig ?? {}
  const usesCluster =
    cluster.servers.length > 0 &&
    (dnsPolicy === 'ClusterFirstWithHostNet' ||
      (dnsPolicy === 'ClusterFirst' && hostNetwork !== true))
  const base =
    dnsPolicy === 'None'
      ? { servers: [], searches: [], options: [] }
      : usesCluster
        ? clusterFirst(pod.metadata.namespace ?? '', cluster)
        : cluster.node
  const extra = (own.options ?? []).map(({ name = '', value }) =>
    value === undefined ? name : `${name}:${value}`,
  )
  return {
    servers: unique([...base.servers, ...(own.nameservers ?? [])]),
    searches: unique([...base.searches, ...(own.searches ?? [])]),
    options: merged([...base.options, ...extra]),
  }
}

function clusterFirst(namespace: string, { servers, domain, node }: ClusterDns): DnsConfig {
  return {
    servers,
    searches: [`${namespace}.svc.${domain}`, `svc.${domain}`, domain, ...node.searches],
    options: ['ndots:5'],
  }
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)]
}

/** Of options of the same name the last. */
function merged(options: readonly string[]): string[] {
  return [...new Map(options.map((option) => [option.split(':')[0], option])).values()]
}

/** The parts of a resolv.conf. */
export function parseResolvConf(text: string): DnsConfig {
  const servers: string[] = []
  let searches: string[] = []
  let options: string[] = []
  for (const line of text.split('\n')) {
    const [word, ...rest] = line.trim().split(/\s+/)
    if (word === 'nameserver' && rest[0] !== undefined) servers.push(rest[0])
    else if (word === 'search') searches = rest
    else if (word === 'options') options = rest
  }
  return { servers, searches, options }
}
