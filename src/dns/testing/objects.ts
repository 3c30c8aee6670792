import type { EndpointSlice, Service, ServiceSpec } from '#api'
import { ServiceIndex } from '../records/service-index.ts'

/** As the API server hands them out, of what DNS looks at. */
export function service(path: string, spec: Partial<ServiceSpec> = {}): Service {
  const [namespace = '', name = ''] = path.split('/')
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace, name },
    spec: { type: 'ClusterIP', sessionAffinity: 'None', ...spec },
    status: { loadBalancer: {} },
  }
}

export interface TestEndpoint {
  readonly ip: string
  readonly hostname?: string
  readonly ready?: boolean
}

export function slice(
  path: string,
  ports: readonly (readonly [name: string, port: number, protocol?: string])[],
  endpoints: readonly TestEndpoint[],
  name = 'abc12',
): EndpointSlice {
  const [namespace = '', owner = ''] = path.split('/')
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      namespace,
      name: `${owner}-${name}`,
      labels: { 'kubernetes.io/service-name': owner },
    },
    addressType: endpoints[0]?.ip.includes(':') === true ? 'IPv6' : 'IPv4',
    ports: ports.map(([port, number, protocol = 'TCP']) => ({
      name: port,
      port: number,
      protocol,
    })),
    endpoints: endpoints.map(({ ip, hostname, ready }) => ({
      addresses: [ip],
      conditions: ready === undefined ? {} : { ready },
      ...(hostname === undefined ? {} : { hostname }),
    })),
  }
}

/** Two namespaces with Services of each sort. */
export function exampleIndex(): ServiceIndex {
  const index = new ServiceIndex()
  const nowMs = 1_700_000_000_999
  for (const name of ['default', 'kube-system', 'bare']) index.setNamespace(name, nowMs)
  const tcp = (name: string, port: number) =>
    ({ name, port, protocol: 'TCP', targetPort: port }) as const
  const services = [
    service('kube-system/kube-dns', {
      clusterIP: '10.43.0.10',
      clusterIPs: ['10.43.0.10'],
      ports: [{ ...tcp('dns', 53), protocol: 'UDP' }, tcp('dns-tcp', 53)],
    }),
    service('default/kubernetes', {
      clusterIP: '10.43.0.1',
      clusterIPs: ['10.43.0.1'],
      ports: [tcp('https', 443)],
    }),
    service('default/dual', {
      clusterIP: '10.43.0.7',
      clusterIPs: ['10.43.0.7', 'fd00:43::7'],
      ports: [{ port: 80, protocol: 'TCP', targetPort: 8080 }],
    }),
    service('default/headless', {
      clusterIP: 'None',
      clusterIPs: ['None'],
      ports: [tcp('https', 443)],
    }),
    service('default/idle', { clusterIP: 'None', clusterIPs: ['None'], ports: [tcp('http', 80)] }),
    service('default/portless', { clusterIP: 'None', clusterIPs: ['None'] }),
    service('default/outside', { type: 'ExternalName', externalName: 'www.example.com' }),
    service('default/inside', {
      type: 'ExternalName',
      externalName: 'kubernetes.default.svc.cluster.local.',
    }),
    service('default/dangling', {
      type: 'ExternalName',
      externalName: 'gone.default.svc.cluster.local',
    }),
    service('default/loop', {
      type: 'ExternalName',
      externalName: 'loop.default.svc.cluster.local',
    }),
    service('default/address', { type: 'ExternalName', externalName: '192.0.2.1' }),
    service('default/long', { type: 'ExternalName', externalName: `${'x'.repeat(64)}.example` }),
  ]
  for (const each of services) index.setService(each, nowMs)
  const slices = [
    slice('default/kubernetes', [['https', 6443]], [{ ip: '100.64.10.1' }]),
    slice(
      'default/headless',
      [['https', 8443]],
      [
        { ip: '10.42.0.2', hostname: 'my-pet' },
        { ip: '10.42.1.3', ready: true },
        { ip: '10.42.1.4', ready: false },
      ],
    ),
    slice('default/headless', [['https', 8443]], [{ ip: 'fd00:42::2', hostname: 'my-pet' }], 'six'),
    slice('default/idle', [['http', 80]], [{ ip: '10.42.0.9', ready: false }]),
    slice('default/portless', [], [{ ip: '10.42.0.5' }]),
  ]
  for (const each of slices) index.setSlice(each, undefined, nowMs)
  return index
}
