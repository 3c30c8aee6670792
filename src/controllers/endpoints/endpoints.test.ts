import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Pod, Service, type EndpointSubset, type ServiceInput } from '#api'
import { objectOf } from '../testing/objects.ts'
import { subsetsOf } from './subsets.ts'
import { truncated } from './truncate.ts'

interface Shape {
  readonly ready?: boolean
  readonly phase?: 'Failed' | 'Running'
  readonly terminating?: boolean
  readonly port?: number
}

function pod(ip: string, shape: Shape = {}): Pod {
  const { ready = true, phase = 'Running', terminating = false, port = 90 } = shape
  return objectOf(Pod, {
    metadata: {
      name: ip,
      namespace: 'n',
      uid: ip,
      ...(terminating && { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    },
    spec: {
      nodeName: 'node',
      containers: [{ name: 'c', ports: [{ name: 'web', containerPort: port }] }],
    },
    status: {
      phase,
      podIPs: [{ ip }],
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    },
  })
}

function service(spec: ServiceInput['spec'] = {}): Service {
  return objectOf(Service, {
    metadata: { name: 's', namespace: 'n' },
    spec: {
      clusterIP: '10.43.0.1',
      ipFamilies: ['IPv4'],
      ports: [{ name: 'http', port: 80, targetPort: 'web' }],
      ...spec,
    },
  })
}

/** Such as `a,b !c :90`: addresses, those that are not ready, ports. */
function text(subsets: readonly EndpointSubset[]): string[] {
  return subsets.map(({ addresses = [], notReadyAddresses = [], ports = [] }) =>
    [
      ...addresses.map(({ ip }) => ip),
      ...notReadyAddresses.map(({ ip }) => `!${ip}`),
      ...ports.map(({ port }) => `:${port}`),
    ].join(' '),
  )
}

describe('subsets of Endpoints', () => {
  it('hold who is ready and who is not, whatever their order', () => {
    const pods = [pod('1.1.1.2'), pod('1.1.1.1'), pod('1.1.1.3', { ready: false })]
    assert.deepEqual(text(subsetsOf(service(), pods)), ['1.1.1.1 1.1.1.2 !1.1.1.3 :90'])
    assert.deepEqual(subsetsOf(service(), pods), subsetsOf(service(), pods.toReversed()))
  })

  it('leave out who has ended, goes, or has no such address', () => {
    const pods = [
      pod('1.1.1.1', { phase: 'Failed' }),
      pod('1.1.1.2', { terminating: true }),
      pod('fd00::1'),
    ]
    assert.deepEqual(text(subsetsOf(service(), pods)), [])
    const publishing = service({ publishNotReadyAddresses: true })
    assert.deepEqual(text(subsetsOf(publishing, pods)), ['1.1.1.2 :90'])
    assert.deepEqual(text(subsetsOf(service({ ipFamilies: ['IPv6', 'IPv4'] }), pods)), [
      'fd00::1 :90',
    ])
  })

  it('are one for each set of ports', () => {
    const pods = [pod('1.1.1.1'), pod('1.1.1.2', { port: 91 }), pod('1.1.1.3')]
    assert.deepEqual(text(subsetsOf(service(), pods)), ['1.1.1.1 1.1.1.3 :90', '1.1.1.2 :91'])
    const both = service({
      ports: [
        { name: 'a', port: 80, targetPort: 'web' },
        { name: 'b', port: 81, targetPort: 7 },
      ],
    })
    assert.deepEqual(text(subsetsOf(both, pods)), [
      '1.1.1.1 1.1.1.3 :90',
      '1.1.1.2 :91',
      '1.1.1.1 1.1.1.2 1.1.1.3 :7',
    ])
  })

  it('need no ports where the service is headless', () => {
    const pods = [pod('1.1.1.1')]
    assert.deepEqual(text(subsetsOf(service({ ports: [] }), pods)), [])
    const headless = service({ clusterIP: 'None', ports: [] })
    assert.deepEqual(text(subsetsOf(headless, pods)), ['1.1.1.1'])
  })
})

describe('truncated', () => {
  const addresses = (count: number) => Array.from({ length: count }, (_, i) => ({ ip: String(i) }))
  const subset = (ready: number, notReady: number) => ({
    addresses: addresses(ready),
    notReadyAddresses: addresses(notReady),
  })
  const rows: readonly {
    given: readonly (readonly [number, number])[]
    kept: readonly (readonly [number, number])[] | undefined
  }[] = [
    { given: [[6, 4]], kept: undefined },
    { given: [[6, 5]], kept: [[6, 4]] },
    { given: [[12, 5]], kept: [[10, 0]] },
    {
      given: [
        [15, 3],
        [5, 3],
      ],
      kept: [
        [8, 0],
        [2, 0],
      ],
    },
    {
      given: [
        [4, 3],
        [2, 5],
      ],
      kept: [
        [4, 2],
        [2, 2],
      ],
    },
  ]
  for (const { given, kept } of rows) {
    it(`keeps ${JSON.stringify(kept) ?? 'all'} of ${JSON.stringify(given)}`, () => {
      const cut = truncated(
        given.map(([ready, notReady]) => subset(ready, notReady)),
        10,
      )
      const counts = cut?.map((each) => [
        each.addresses?.length ?? 0,
        each.notReadyAddresses?.length ?? 0,
      ])
      assert.deepEqual(counts, kept)
    })
  }
})
