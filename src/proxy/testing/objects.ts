import { EndpointSlice, Service } from '#api'
import {
  decodeObject,
  deepFreeze,
  defaultObject,
  type ObjectOf,
  type Resource,
  type StructSchema,
} from '#machinery'

/** A Service in namespace default with port 80 named web, as the API server hands it out. */
export function testService(
  name: string,
  fields: { spec?: object; status?: object; metadata?: object } = {},
): Service {
  return objectOf(Service, {
    metadata: {
      name,
      namespace: 'default',
      uid: name,
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...fields.metadata,
    },
    spec: {
      clusterIP: '10.43.0.1',
      clusterIPs: ['10.43.0.1'],
      ipFamilies: ['IPv4'],
      ports: [{ name: 'web', port: 80, protocol: 'TCP', targetPort: 8080 }],
      ...fields.spec,
    },
    status: fields.status,
  })
}

export interface TestEndpoint {
  readonly ip: string
  readonly node?: string
  /** Default: ready. */
  readonly is?: 'ready' | 'unready' | 'serving' | 'gone'
  readonly forNodes?: readonly string[]
  readonly forZones?: readonly string[]
}

const conditionsOf = {
  ready: { ready: true, serving: true, terminating: false },
  unready: { ready: false, serving: false, terminating: false },
  serving: { ready: false, serving: true, terminating: true },
  gone: { ready: false, serving: false, terminating: true },
}

/** A slice of a Service, with port 8080 named web. */
export function testSlice(
  service: string,
  endpoints: readonly TestEndpoint[],
  fields: { metadata?: object; addressType?: string; ports?: readonly object[] } = {},
): EndpointSlice {
  return objectOf(EndpointSlice, {
    metadata: {
      name: `${service}-1`,
      namespace: 'default',
      labels: { 'kubernetes.io/service-name': service },
      ...fields.metadata,
    },
    addressType: fields.addressType ?? 'IPv4',
    endpoints: endpoints.map(({ ip, node, is = 'ready', forNodes, forZones }) => ({
      addresses: [ip],
      nodeName: node,
      conditions: conditionsOf[is],
      hints: {
        forNodes: forNodes?.map((name) => ({ name })),
        forZones: forZones?.map((name) => ({ name })),
      },
    })),
    ports: fields.ports ?? [{ name: 'web', port: 8080, protocol: 'TCP' }],
  })
}

function objectOf<S extends StructSchema>(resource: Resource<S>, input: object) {
  const [face] = resource.faces
  const { draft } = decodeObject(face, JSON.parse(JSON.stringify(input)))
  defaultObject(face, draft)
  // The decoder has made it by the resource's schema.
  const object: unknown = deepFreeze(draft)
  return object as ObjectOf<Resource<S>>
}
