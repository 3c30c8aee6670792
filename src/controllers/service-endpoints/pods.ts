import type { Pod, Service } from '#api'
import { equalJson, isIpv4, parseIp } from '#machinery'
import { isPodReady, isPodTerminal } from '../pods/pod-state.ts'

export type IpFamily = 'IPv4' | 'IPv6'

/** A port of a service as one pod serves it. */
export interface ServedPort {
  readonly name: string
  readonly port: number
  readonly protocol: 'SCTP' | 'TCP' | 'UDP'
  readonly appProtocol?: string
}

/** Whether a pod that a service selects has an address to offer. */
export function hasEndpoint(pod: Pod, { includeTerminating }: { includeTerminating: boolean }) {
  if (isPodTerminal(pod) || podIps(pod).length === 0) return false
  return includeTerminating || pod.metadata.deletionTimestamp === undefined
}

/** The pod's addresses of a family. */
export function podIpsOf(pod: Pod, family: IpFamily): string[] {
  return podIps(pod).filter((ip) => familyOf(ip) === family)
}

/** Undefined where the text is no address. */
export function familyOf(ip: string): IpFamily | undefined {
  const bytes = parseIp(ip)
  if (bytes === undefined) return undefined
  return isIpv4(bytes) ? 'IPv4' : 'IPv6'
}

/** The service's ports as the pod serves them; those it does not name are left out. */
export function servedPorts({ spec }: Service, pod: Pod): ServedPort[] {
  const ports: ServedPort[] = []
  for (const { name = '', protocol, targetPort, appProtocol } of spec.ports ?? []) {
    const port = typeof targetPort === 'number' ? targetPort : namedPort(pod, targetPort, protocol)
    if (port === undefined) continue
    ports.push({ name, port, protocol, ...(appProtocol !== undefined && { appProtocol }) })
  }
  return ports
}

/** The name by which DNS knows the pod within the service, if it asks for one. */
export function hostnameOf({ spec, metadata }: Pod, service: Service): string | undefined {
  const { hostname = '', subdomain } = spec
  const isOfService =
    subdomain === service.metadata.name && metadata.namespace === service.metadata.namespace
  return hostname !== '' && isOfService ? hostname : undefined
}

/** How endpoints refer to the pod behind them. */
export function podReference({ metadata }: Pod) {
  const { namespace = '', name = '', uid = '' } = metadata
  return { kind: 'Pod', namespace, name, uid }
}

/** Whether a change of a pod can make a difference to endpoints. */
export function changesEndpoints(pod: Pod, old: Pod): boolean {
  return (
    isPodReady(pod) !== isPodReady(old) ||
    isPodTerminal(pod) !== isPodTerminal(old) ||
    pod.metadata.deletionTimestamp !== old.metadata.deletionTimestamp ||
    pod.spec.nodeName !== old.spec.nodeName ||
    !equalJson(podIps(pod), podIps(old)) ||
    !equalJson(pod.metadata.labels, old.metadata.labels)
  )
}

function podIps({ status }: Pod): string[] {
  const { podIP = '', podIPs = [] } = status
  if (podIPs.length > 0) return podIPs.map(({ ip }) => ip)
  return podIP === '' ? [] : [podIP]
}

/** Of a container that runs as long as the pod does, sidecars included. */
function namedPort({ spec }: Pod, name: string, protocol: string): number | undefined {
  const sidecars = (spec.initContainers ?? []).filter(
    ({ restartPolicy }) => restartPolicy === 'Always',
  )
  for (const { ports } of [...(spec.containers ?? []), ...sidecars]) {
    const port = ports?.find((each) => each.name === name && each.protocol === protocol)
    if (port !== undefined) return port.containerPort
  }
  return undefined
}
