import { formatFirst } from '../columns.ts'
import type { IngressLoadBalancerIngress, IngressRule } from './ingress.ts'

const shownMax = 3

export function ingressHosts(rules: readonly IngressRule[] | undefined): string {
  const hosts = (rules ?? []).flatMap(({ host }) => (host === undefined ? [] : [host]))
  return formatFirst(hosts, shownMax) || '*'
}

export function ingressAddresses(
  points: readonly IngressLoadBalancerIngress[] | undefined,
): string {
  const addresses = (points ?? []).flatMap(({ ip, hostname }) => {
    const address = ip ?? hostname
    return address === undefined ? [] : [address]
  })
  return [...new Set(addresses)].sort().join(',')
}
