import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endpointsOf } from './endpoints.ts'
import { servicePorts } from './service-ports.ts'
import { testService, testSlice, type TestEndpoint } from './testing/objects.ts'
import { reachable } from './topology.ts'

interface Row {
  readonly what: string
  readonly spec?: object
  readonly endpoints: readonly TestEndpoint[]
  readonly cluster: readonly string[]
  readonly local?: readonly string[]
  readonly hasAny?: boolean
}

const near = { ip: '1.0.0.1', node: 'here' } as const
const far = { ip: '1.0.0.2', node: 'there' } as const
const inner = { internalTrafficPolicy: 'Local' }
const ports = [{ name: 'web', port: 80, nodePort: 30_001 }]
const outer = { type: 'NodePort', externalTrafficPolicy: 'Local', ports }

const rows: readonly Row[] = [
  { what: 'all that are ready', endpoints: [near, far], cluster: ['1', '2'] },
  {
    what: 'no one who is not ready',
    endpoints: [{ ...near, is: 'unready' }, far],
    cluster: ['2'],
  },
  {
    what: 'none, and none anywhere',
    endpoints: [
      { ...near, is: 'unready' },
      { ...far, is: 'gone' },
    ],
    cluster: [],
    hasAny: false,
  },
  {
    what: 'those that serve on while they end, where no one is ready',
    endpoints: [
      { ...near, is: 'serving' },
      { ...far, is: 'gone' },
    ],
    cluster: ['1'],
  },
  {
    what: 'no one who ends, where one is ready',
    endpoints: [{ ...near, is: 'serving' }, far],
    cluster: ['2'],
  },
  {
    what: 'those here by internal policy',
    spec: inner,
    endpoints: [near, far],
    cluster: [],
    local: ['1'],
  },
  { what: 'none here, but elsewhere', spec: inner, endpoints: [far], cluster: [], local: [] },
  {
    what: 'both ways by external policy',
    spec: outer,
    endpoints: [near, far],
    cluster: ['1', '2'],
    local: ['1'],
  },
  {
    what: 'one that ends here, though one elsewhere is ready',
    spec: outer,
    endpoints: [{ ...near, is: 'serving' }, far],
    cluster: ['2'],
    local: ['1'],
  },
  {
    what: 'no local ones by an external policy that nothing external uses',
    spec: { externalIPs: [], externalTrafficPolicy: 'Local' },
    endpoints: [near],
    cluster: ['1'],
  },
  {
    what: 'those for this zone',
    endpoints: [
      { ...near, forZones: ['a'] },
      { ...far, forZones: ['b', 'zone-1'] },
    ],
    cluster: ['2'],
  },
  {
    what: 'all, where one has no hint',
    endpoints: [near, { ...far, forZones: ['zone-1'] }],
    cluster: ['1', '2'],
  },
  {
    what: 'all, where none is for this zone',
    endpoints: [
      { ...near, forZones: ['a'] },
      { ...far, forZones: ['b'] },
    ],
    cluster: ['1', '2'],
  },
  {
    what: 'those for this node, before those for its zone',
    endpoints: [
      { ...near, forNodes: ['here'], forZones: ['zone-1'] },
      { ...far, forNodes: ['there'], forZones: ['zone-1'] },
    ],
    cluster: ['1'],
  },
  {
    what: 'those for the zone, where none is for this node',
    endpoints: [
      { ...near, forNodes: ['other'], forZones: ['a'] },
      { ...far, forNodes: ['there'], forZones: ['zone-1'] },
    ],
    cluster: ['2'],
  },
  {
    what: 'hints of those that are not ready do not count',
    endpoints: [
      { ...near, forZones: ['zone-1'] },
      { ...far, is: 'unready' },
    ],
    cluster: ['1'],
  },
  {
    what: 'hints do not count for those that end',
    endpoints: [
      { ...near, is: 'serving', forZones: ['a'] },
      { ...far, is: 'serving', forZones: ['zone-1'] },
    ],
    cluster: ['1', '2'],
  },
]

for (const { what, spec, endpoints, cluster, local = [], hasAny = true } of rows) {
  test(`packets reach ${what}`, () => {
    const [port] = servicePorts(testService('web', { spec: spec ?? {} }), 'IPv4')
    assert.ok(port)
    const all = endpointsOf([testSlice('web', endpoints)], 'IPv4', 'here').get('TCP/web') ?? []
    const found = reachable(port, all, { nodeName: 'here', zone: 'zone-1' })
    const last = (list: typeof found.cluster) => list.map(({ ip }) => ip.slice(-1))
    assert.deepEqual(
      { cluster: last(found.cluster), local: last(found.local), hasAny: found.hasAny },
      { cluster, local, hasAny },
    )
  })
}
