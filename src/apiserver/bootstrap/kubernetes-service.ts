import { Service } from '#api'
import { must } from '#base'
import { firstAddress, parseCidr } from '#machinery'
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
      clusterIP: firstAddress(must(parseCidr(primary ?? ''), 'a service range is a prefix')),
      ipFamilyPolicy: 'SingleStack',
      sessionAffinity: 'None',
      ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort }],
    },
  })
}
