import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { formatFieldError, type FieldError } from '#machinery'
import { decoded } from '../testing/decoded.ts'
import { Endpoints, type EndpointsInput } from './endpoints.ts'
import { validateEndpoints, validateEndpointsUpdate } from './endpoints-validation.ts'

const text = (errors: readonly FieldError[]) => errors.map(formatFieldError)
const endpoints = (...subsets: NonNullable<EndpointsInput['subsets']>) =>
  decoded(Endpoints, { metadata: {}, subsets })

suite('Endpoints', () => {
  test('addresses must be reachable by others', () => {
    const ips = ['x', '0.0.0.0', '::1', '169.254.1.1', '224.0.0.1', '::ffff:1.2.3.4', '10.0.0.1']
    const errors = validateEndpoints(endpoints({ addresses: ips.map((ip) => ({ ip })) }))
    assert.deepEqual(text(errors), [
      'subsets[0].addresses[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      'subsets[0].addresses[1].ip: Invalid value: "0.0.0.0": may not be unspecified (0.0.0.0 or ::)',
      'subsets[0].addresses[2].ip: Invalid value: "::1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
      'subsets[0].addresses[3].ip: Invalid value: "169.254.1.1": may not be in the link-local range (169.254.0.0/16, fe80::/10)',
      'subsets[0].addresses[4].ip: Invalid value: "224.0.0.1": may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)',
      'subsets[0].addresses[5].ip: Invalid value: "::ffff:1.2.3.4": must not be an IPv4-mapped IPv6 address',
    ])
  })

  test('several ports have names', () => {
    const addresses = [{ ip: '10.0.0.1' }]
    assert.deepEqual(validateEndpoints(endpoints({ addresses, ports: [{ port: 80 }] })), [])
    const ports = [{ name: 'a', port: 80 }, { port: 0 }]
    assert.deepEqual(text(validateEndpoints(endpoints({ addresses, ports }))), [
      'subsets[0].ports[1].name: Required value',
      'subsets[0].ports[1].port: Invalid value: 0: must be between 1 and 65535, inclusive',
    ])
  })

  test('an address does not move to another node', () => {
    const on = (nodeName: string) =>
      endpoints({ notReadyAddresses: [{ ip: '10.0.0.1', nodeName }] })
    assert.deepEqual(validateEndpointsUpdate(on('a'), on('a')), [])
    assert.deepEqual(text(validateEndpointsUpdate(on('b'), on('a'))), [
      'subsets[0].notReadyAddresses[0].nodeName: Forbidden: Cannot change NodeName for 10.0.0.1 to b',
    ])
  })
})
