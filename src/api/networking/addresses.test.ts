import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { formatFieldError, type FieldError } from '#machinery'
import { decoded } from '../testing/decoded.ts'
import { IPAddress, type IPAddressInput } from './ip-address.ts'
import {
  validateIPAddress,
  validateIPAddressName,
  validateIPAddressUpdate,
} from './ip-address-validation.ts'
import { ServiceCIDR } from './service-cidr.ts'
import { validateServiceCIDR, validateServiceCIDRUpdate } from './service-cidr-validation.ts'

const text = (errors: readonly FieldError[]) => errors.map(formatFieldError)
const range = (...cidrs: string[]) =>
  decoded(ServiceCIDR, { metadata: { name: 'r' }, spec: { cidrs } })

suite('ServiceCIDR', () => {
  const dual =
    'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64'
  const cases: readonly [what: string, cidrs: readonly string[], errors: readonly string[]][] = [
    ['one family', ['10.0.0.0/16'], []],
    ['both families', ['10.0.0.0/16', '2001:db8::/64'], []],
    ['no range', [], ['spec.cidrs: Required value: at least one CIDR required']],
    [
      'two of one family',
      ['10.0.0.0/16', '10.1.0.0/16'],
      [`spec.cidrs: Invalid value: {"CIDRs":["10.0.0.0/16","10.1.0.0/16"]}: ${dual}`],
    ],
    [
      'three',
      ['10.0.0.0/16', '2001:db8::/64', '10.1.0.0/16'],
      [
        'spec.cidrs: Invalid value: {"CIDRs":["10.0.0.0/16","2001:db8::/64","10.1.0.0/16"]}: may only hold up to 2 values',
      ],
    ],
    [
      'bits beyond the prefix',
      ['10.0.0.1/16'],
      [
        'spec.cidrs[0]: Invalid value: "10.0.0.1/16": must not have bits set beyond the prefix length',
      ],
    ],
  ]
  for (const [what, cidrs, errors] of cases) {
    test(what, () => assert.deepEqual(text(validateServiceCIDR(range(...cidrs))), errors))
  }

  test('only a second family can be added', () => {
    const old = range('10.0.0.0/16')
    assert.deepEqual(validateServiceCIDRUpdate(range('10.0.0.0/16', '2001:db8::/64'), old), [])
    assert.deepEqual(text(validateServiceCIDRUpdate(range('10.1.0.0/16'), old)), [
      'spec.cidrs[0]: Invalid value: "10.1.0.0/16": field is immutable',
    ])
    const both = range('10.0.0.0/16', '2001:db8::/64')
    assert.deepEqual(text(validateServiceCIDRUpdate(old, both)), [
      'spec.cidrs: Invalid value: ["10.0.0.0/16"]: field is immutable',
    ])
  })
})

suite('IPAddress', () => {
  const address = (spec: IPAddressInput['spec']) =>
    decoded(IPAddress, { metadata: { name: '10.0.0.1' }, spec })
  const service = { resource: 'services', namespace: 'default', name: 'kubernetes' }

  test('the name is an address in canonical form', () => {
    assert.deepEqual(validateIPAddressName('10.0.0.1'), [])
    assert.deepEqual(validateIPAddressName('2001:DB8::1'), [
      'must be in canonical form ("2001:db8::1")',
    ])
    assert.deepEqual(validateIPAddressName('services'), [
      'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ])
  })

  test('it names what it is allocated to', () => {
    assert.deepEqual(validateIPAddress(address({ parentRef: service })), [])
    assert.deepEqual(
      text(validateIPAddress(decoded(IPAddress, { metadata: {}, spec: {} as never }))),
      ['spec.parentRef: Required value'],
    )
    const parentRef = { group: 'A', resource: '', namespace: 'a/b', name: '' }
    assert.deepEqual(
      validateIPAddress(address({ parentRef })).map(({ field, type }) => [field, type]),
      [
        ['spec.parentRef.group', 'FieldValueInvalid'],
        ['spec.parentRef.resource', 'FieldValueRequired'],
        ['spec.parentRef.name', 'FieldValueRequired'],
        ['spec.parentRef.namespace', 'FieldValueInvalid'],
      ],
    )
  })

  test('whose it is cannot change', () => {
    const other = { ...service, name: 'other' }
    const errors = validateIPAddressUpdate(
      address({ parentRef: other }),
      address({ parentRef: service }),
    )
    assert.deepEqual(text(errors), [
      'spec.parentRef: Invalid value: {"resource":"services","namespace":"default","name":"other"}: field is immutable',
    ])
  })
})
