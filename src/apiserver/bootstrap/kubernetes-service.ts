import { EndpointSlice, Endpoints, Service } from '#api'
import { must } from '#base'
import { formatIp, isIpv4, maskIp, parseCidr, parseIp } from '#machinery'
import type { SystemClient } from './system-client.ts'

/** Where this API server is reached. */
export interface Advertised {
  readonly address: string
  readonly port: number
}

/**
 * The Service by which pods reach the API server: the first address of the first range, and as its
 * endpoint the address this server advertises, as soon as that is known.
 */
export async function ensureKubernetesService(
  client: SystemClient,
  serviceCidrs: readonly string[],
  advertised: Advertised | undefined,
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
      ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: advertised?.port ?? 6443 }],
    },
  })
  if (advertised !== undefined) await publish(client, advertised)
}

/** The Endpoints of the Service and their mirror as a slice. */
async function publish(client: SystemClient, { address, port }: Advertised): Promise<void> {
  const namespace = 'default'
  const ports = [{ name: 'https', port, protocol: 'TCP' }]
  await Promise.all([
    client.put(Endpoints, {
      metadata: {
        name: 'kubernetes',
        namespace,
        labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' },
      },
      subsets: [{ addresses: [{ ip: address }], ports }],
    }),
    client.put(EndpointSlice, {
      metadata: {
        name: 'kubernetes',
        namespace,
        labels: { 'kubernetes.io/service-name': 'kubernetes' },
      },
      addressType: addressType(address),
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
      ports,
    }),
  ])
}

function addressType(address: string): 'IPv4' | 'IPv6' {
  return isIpv4(must(parseIp(address), 'an advertised address is an address')) ? 'IPv4' : 'IPv6'
}

/** The first address of a range, which the `kubernetes` Service takes: 10.43.0.1 of 10.43.0.0/16. */
export function firstAddress(cidr: string): string {
  const parsed = must(parseCidr(cidr), 'a service range is a prefix')
  const address = [...maskIp(parsed)]
  address[address.length - 1] = (address.at(-1) ?? 0) | 1
  return formatIp(address)
}
