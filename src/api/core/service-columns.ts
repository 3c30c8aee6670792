import type { Whole } from '#machinery'
import { ageColumn, formatLabels, nameColumn, type Columns } from '../columns.ts'
import type { ServiceSchema } from './service.ts'

type Service = Whole<typeof ServiceSchema>

export const serviceColumns: Columns<typeof ServiceSchema> = [
  nameColumn,
  { name: 'Type', value: (service) => service.spec.type },
  { name: 'Cluster-IP', value: (service) => service.spec.clusterIPs?.[0] ?? '<none>' },
  { name: 'External-IP', value: (service) => externalAddress(service) },
  { name: 'Port(s)', value: (service) => portsText(service) },
  ageColumn,
  { name: 'Selector', priority: 1, value: (service) => formatLabels(service.spec.selector) },
]

function externalAddress({ spec, status }: Service): string {
  const external = spec.externalIPs ?? []
  if (spec.type === 'ExternalName') return spec.externalName ?? ''
  if (spec.type !== 'LoadBalancer') return external.join(',') || '<none>'
  const balanced = (status.loadBalancer.ingress ?? []).flatMap(({ ip, hostname }) => {
    const address = ip ?? hostname
    return address === undefined ? [] : [address]
  })
  const addresses = [...new Set(balanced)].sort()
  return [...addresses, ...external].join(',') || '<pending>'
}

function portsText({ spec }: Service): string {
  const ports = (spec.ports ?? []).map(({ port, nodePort, protocol }) =>
    nodePort === undefined ? `${port}/${protocol}` : `${port}:${nodePort}/${protocol}`,
  )
  return ports.join(',') || '<none>'
}
