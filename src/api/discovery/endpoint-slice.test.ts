import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { formatFieldError, mutable, type FieldError } from '#machinery'
import { decoded } from '../testing/decoded.ts'
import { EndpointSlice, type EndpointSliceInput } from './endpoint-slice.ts'
import { prepareForUpdate } from './endpoint-slice-strategy.ts'
import { validateEndpointSlice, validateEndpointSliceUpdate } from './endpoint-slice-validation.ts'

const text = (errors: readonly FieldError[]) => errors.map(formatFieldError)

function slice(input: Partial<EndpointSliceInput> = {}) {
  const endpoints = [{ addresses: ['10.0.0.1'] }]
  return decoded(EndpointSlice, { metadata: {}, addressType: 'IPv4', endpoints, ...input })
}

const cases: readonly [
  what: string,
  input: Partial<EndpointSliceInput>,
  errors: readonly string[],
][] = [
  ['complete', { ports: [{ port: 80 }] }, []],
  ['no type', { addressType: '', endpoints: [] }, ['addressType: Required value']],
  [
    'another type',
    { addressType: 'IP' },
    ['addressType: Unsupported value: "IP": supported values: "FQDN", "IPv4", "IPv6"'],
  ],
  [
    'no addresses',
    { endpoints: [{ addresses: [] }] },
    ['endpoints[0].addresses: Required value: must contain at least 1 address'],
  ],
  [
    'too many addresses',
    { endpoints: [{ addresses: Array.from({ length: 101 }, (_, i) => `10.0.0.${i}`) }] },
    ['endpoints[0].addresses: Too many: 101: must have at most 100 items'],
  ],
  [
    'too many endpoints are not looked at one by one',
    { endpoints: Array.from({ length: 1001 }, () => ({ addresses: ['?'] })) },
    ['endpoints: Too many: 1001: must have at most 1000 items'],
  ],
  [
    'the machine itself',
    { endpoints: [{ addresses: ['127.0.0.1'] }] },
    [
      'endpoints[0].addresses[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
    ],
  ],
  [
    'the link of the machine',
    { addressType: 'IPv6', endpoints: [{ addresses: ['fe80::1'] }] },
    [
      'endpoints[0].addresses[0]: Invalid value: "fe80::1": may not be in the link-local range (169.254.0.0/16, fe80::/10)',
    ],
  ],
  [
    'a name that is not qualified',
    { addressType: 'FQDN', endpoints: [{ addresses: ['a'] }] },
    [
      'endpoints[0].addresses[0]: Invalid value: "a": should be a domain with at least two segments separated by dots',
    ],
  ],
  ['a name with its root', { addressType: 'FQDN', endpoints: [{ addresses: ['a.b.'] }] }, []],
  [
    'two ports without a name',
    { ports: [{ port: 1 }, { port: 2 }] },
    ['ports[1].name: Duplicate value: ""'],
  ],
  [
    'another protocol',
    { ports: [{ protocol: 'tcp' }] },
    ['ports[0].protocol: Unsupported value: "tcp": supported values: "SCTP", "TCP", "UDP"'],
  ],
  [
    'a zone hint twice',
    {
      endpoints: [{ addresses: ['10.0.0.1'], hints: { forZones: [{ name: 'a' }, { name: 'a' }] } }],
    },
    ['endpoints[0].hints.forZones[1].name: Duplicate value: "a"'],
  ],
]

suite('EndpointSlice', () => {
  for (const [what, input, errors] of cases) {
    test(what, () => assert.deepEqual(text(validateEndpointSlice(slice(input))), errors))
  }

  test('an address that was there is not read again', () => {
    const old = slice({ endpoints: [{ addresses: ['010.0.0.1'] }] })
    const next = slice({ endpoints: [{ addresses: ['010.0.0.1', '010.0.0.2'] }] })
    assert.deepEqual(text(validateEndpointSliceUpdate(next, old)), [
      'endpoints[0].addresses[0]: Invalid value: "010.0.0.1": must be a valid IP address',
      'endpoints[0].addresses[1]: Invalid value: "010.0.0.2": must not have leading 0s',
    ])
  })

  test('a change of labels counts', () => {
    const old = slice({ metadata: { generation: 3, labels: { a: 'b' } } })
    const same = mutable(old)
    prepareForUpdate(same, old)
    assert.equal(same.metadata.generation, 3)
    const next = mutable(slice({ metadata: { generation: 3, labels: { a: 'c' } } }))
    prepareForUpdate(next, old)
    assert.equal(next.metadata.generation, 4)
  })

  test('topology is dropped, but for the name of a node it was known by', () => {
    const topology = (name: string) => ({ 'kubernetes.io/hostname': name, zone: 'z' })
    const endpoint = (name: string, address: string) => ({
      addresses: [address],
      deprecatedTopology: topology(name),
    })
    const old = slice({ endpoints: [endpoint('n1', '10.0.0.1')] })
    const next = mutable(
      slice({ endpoints: [endpoint('n1', '10.0.0.2'), endpoint('n2', '10.0.0.3')] }),
    )
    prepareForUpdate(next, old)
    assert.deepEqual(next.endpoints, [
      { addresses: ['10.0.0.2'], conditions: {}, nodeName: 'n1' },
      { addresses: ['10.0.0.3'], conditions: {} },
    ])
  })
})
