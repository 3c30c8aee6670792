import type { Container, Pod, ResourceFieldSelector } from '#api'
import { getOwn, parseQuantity, Quantity, quote } from '#machinery'

/** What of a pod is known only while it runs. */
export interface PodAddressing {
  readonly hostIps: readonly string[]
  readonly podIps: readonly string[]
}

export interface NodeAmounts {
  /** The node's allocatable amounts, which stand in for limits that are not set. */
  readonly allocatable: Readonly<Record<string, string>>
}

/** The value of a field of the pod, as downward API paths name it; undefined for other paths. */
export function podField(
  pod: Pod,
  path: string,
  { hostIps, podIps }: PodAddressing,
): string | undefined {
  const key = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path)
  if (key !== null) {
    const map = key[1] === 'labels' ? pod.metadata.labels : pod.metadata.annotations
    return getOwn(map ?? {}, key[2] ?? '') ?? ''
  }
  switch (path) {
    case 'metadata.name':
      return pod.metadata.name ?? ''
    case 'metadata.namespace':
      return pod.metadata.namespace ?? ''
    case 'metadata.uid':
      return pod.metadata.uid ?? ''
    case 'metadata.labels':
      return mapText(pod.metadata.labels)
    case 'metadata.annotations':
      return mapText(pod.metadata.annotations)
    case 'spec.nodeName':
      return pod.spec.nodeName ?? ''
    case 'spec.serviceAccountName':
      return pod.spec.serviceAccountName ?? ''
    case 'status.hostIP':
      return hostIps[0] ?? ''
    case 'status.hostIPs':
      return hostIps.join(',')
    case 'status.podIP':
      return podIps[0] ?? ''
    case 'status.podIPs':
      return podIps.join(',')
    default:
      return undefined
  }
}

/** A line `key="value"` each, sorted. */
function mapText(map: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${quote(value)}`)
    .join('\n')
}

/** An amount of a container in units of the divisor, rounded up. */
export function resourceField(
  container: Container,
  { resource, divisor }: ResourceFieldSelector,
  { allocatable }: NodeAmounts,
): string | undefined {
  const [which = '', ...rest] = resource.split('.')
  const name = rest.join('.')
  if (which !== 'limits' && which !== 'requests') return undefined
  const set = getOwn(container.resources[which] ?? {}, name)
  const limit = which === 'limits' ? getOwn(allocatable, name) : undefined
  const amount = set ?? limit ?? '0'
  const unit = divisor === '0' || divisor === '' ? Quantity.of(1) : parseQuantity(divisor)
  const quantity = parseQuantity(amount)
  if (name === 'cpu') return String(Math.ceil(quantity.toMilli() / unit.toMilli()))
  return String(Math.ceil(quantity.toInteger() / unit.toInteger()))
}
