import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import type { ServiceSpec } from '#api'
import { mutable } from '#machinery'
import { settleFields } from './service-fields.ts'

const clusterIP = '10.43.0.5'
const base: ServiceSpec = {
  type: 'ClusterIP',
  sessionAffinity: 'None',
  clusterIP,
  clusterIPs: [clusterIP],
  ipFamilies: ['IPv4'],
  ipFamilyPolicy: 'SingleStack',
}
const port = { port: 80, protocol: 'TCP', targetPort: 80 } as const
const exposed: ServiceSpec = { ...base, type: 'NodePort', ports: [{ ...port, nodePort: 30_001 }] }
const balanced: ServiceSpec = {
  ...exposed,
  type: 'LoadBalancer',
  externalTrafficPolicy: 'Local',
  healthCheckNodePort: 30_002,
  allocateLoadBalancerNodePorts: true,
}

/** What is written, what stood, and what of it is settled. */
const rows: readonly {
  readonly title: string
  readonly next: Partial<ServiceSpec>
  readonly old?: ServiceSpec
  readonly settled: { readonly [K in keyof ServiceSpec]?: ServiceSpec[K] | undefined }
}[] = [
  {
    title: 'a new Service says its address in both fields',
    next: { clusterIP, clusterIPs: [] },
    settled: { clusterIPs: [clusterIP] },
  },
  {
    title: 'what is left out stays',
    old: balanced,
    next: { type: 'LoadBalancer', externalTrafficPolicy: 'Local', ports: [{ ...port }] },
    settled: {
      clusterIP,
      clusterIPs: [clusterIP],
      ports: [{ ...port, nodePort: 30_001 }],
      healthCheckNodePort: 30_002,
    },
  },
  {
    title: 'an external name has no address',
    old: base,
    next: { ...base, type: 'ExternalName' },
    settled: {
      clusterIP: undefined,
      clusterIPs: undefined,
      ipFamilies: undefined,
      ipFamilyPolicy: undefined,
    },
  },
  {
    title: 'a Service that is no longer exposed loses what exposed it',
    old: balanced,
    next: { ...balanced, type: 'ClusterIP' },
    settled: {
      ports: [port],
      healthCheckNodePort: undefined,
      externalTrafficPolicy: undefined,
      allocateLoadBalancerNodePorts: undefined,
    },
  },
  {
    title: 'what the client changes together with the type is its own',
    old: exposed,
    next: { ...exposed, type: 'ClusterIP', ports: [{ ...port, nodePort: 30_009 }] },
    settled: { ports: [{ ...port, nodePort: 30_009 }] },
  },
  {
    title: 'a node port moves with the name of its port',
    old: {
      ...exposed,
      ports: [
        { ...port, name: 'a', nodePort: 30_001 },
        { ...port, name: 'b', port: 81, nodePort: 30_002 },
      ],
    },
    next: {
      ...base,
      type: 'NodePort',
      ports: [
        { ...port, name: 'b', port: 82 },
        { ...port, name: 'c', nodePort: 30_001 },
        { ...port, name: 'a', port: 83 },
      ],
    },
    settled: {
      ports: [
        { ...port, name: 'b', port: 82, nodePort: 30_002 },
        { ...port, name: 'c', nodePort: 30_001 },
        { ...port, name: 'a', port: 83 },
      ],
    },
  },
  {
    title: 'a client that knows clusterIP only',
    old: base,
    next: { ...base, clusterIP: '10.43.0.6' },
    settled: { clusterIPs: ['10.43.0.6'] },
  },
]

test('how the fields of a Service settle', () => {
  for (const { title, next, old, settled } of rows) {
    const spec = mutable<ServiceSpec>({ type: 'ClusterIP', sessionAffinity: 'None', ...next })
    settleFields(spec, old)
    for (const [name, value] of Object.entries(settled)) {
      assert.deepEqual(spec[name as keyof ServiceSpec], value, `${title}: ${name}`)
    }
  }
})
