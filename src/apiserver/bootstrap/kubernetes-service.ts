import { Service } from '#api'
import { must } from '#base'
import { formatIp, maskIp, parseCidr } from '#machinery'
import type { SystemClient } from './system-client.ts'

/** The Service by which pods reach the API server, at the first address of the first range. */
export async function ensureKubernetesService(
  client: SystemClient,
  serviceCidrs: readonly string[],
  targetPort: number,
): Promise<void> {
  const [primary] = serviceCidrs
  await client.ensure(Service, {
    metadata: {
      name: 'kubernetes',
      namespace: 'default',
      labels: { component: 'apiserver', provider: 'kubernetes' },
    },
    spec: {
      type: 'ClusterIP',
      clusterIP: firstAddress(must(primary, 'there is a service range')),
      ipFamilyPolicy: 'SingleStack',
      sessionAffinity: 'None',
      ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort }],
    },
  })
}

/** The first address of a range, which the `kubernetes` Service takes: 10.43.0.1 of 10.43.0.0/16. */
export function firstAddress(cidr: string): string {
  const parsed = must(parseCidr(cidr), 'a service range is a prefix')
  const address = [...maskIp(parsed)]
  address[address.length - 1] = (address.at(-1) ?? 0) | 1
  return formatIp(address)
}
