import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as ip from './ip.ts'

const notAnIp = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'
const notACidr = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'

test('addresses: new fields want the canonical form, old ones an unambiguous one', () => {
  const rows: [string, string | undefined, string | undefined][] = [
    ['1.2.3.4', undefined, undefined],
    ['255.255.255.255', undefined, undefined],
    ['1234::abcd', undefined, undefined],
    ['::', undefined, undefined],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', undefined, undefined],
    ['0:0:0:0:0:0:0:0', 'must be in canonical form ("::")', undefined],
    ['0001:002:03:4::', 'must be in canonical form ("1:2:3:4::")', undefined],
    ['1234::ABCD', 'must be in canonical form ("1234::abcd")', undefined],
    ['1.1.1.01', 'must not have leading 0s', 'must not have leading 0s'],
    [
      '::ffff:1.1.1.1',
      'must not be an IPv4-mapped IPv6 address',
      'must not be an IPv4-mapped IPv6 address',
    ],
    ...[
      '',
      'aaaaaaa',
      '1.2.3.0/24',
      '1.2.3.400',
      '-1.0.0.0',
      '2001:db8::10005',
      '1.2.3.4:80',
      '[2001:db8::1]',
      '1234::abcd%eth0',
      '1::2::3',
      '1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:8:9',
      ':1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7::8',
      '1.2.3.4::',
    ].map((value): [string, string, string] => [value, notAnIp, notAnIp]),
  ]
  for (const [value, strict, legacy] of rows) {
    assert.deepEqual(ip.isValidIP(value), strict === undefined ? [] : [strict], value)
    const problems = ip.isValidIPForLegacyField(value)
    assert.deepEqual(problems, legacy === undefined ? [] : [legacy], value)
  }
})

test('prefixes likewise', () => {
  const beyond = 'must not have bits set beyond the prefix length'
  const rows: [string, string | undefined, string | undefined][] = [
    ['1.0.0.0/8', undefined, undefined],
    ['0.0.0.0/0', undefined, undefined],
    ['2001:4860:4860::/48', undefined, undefined],
    ['::1/128', undefined, undefined],
    ['2a00:79e0:2:0::/64', 'must be in canonical form ("2a00:79e0:2::/64")', undefined],
    ['1.1.01.0/24', 'must not have leading 0s in IP', 'must not have leading 0s in IP'],
    [
      '::ffff:1.1.1.0/120',
      'must not have an IPv4-mapped IPv6 address',
      'must not have an IPv4-mapped IPv6 address',
    ],
    ['1.2.3.4/24', beyond, beyond],
    ['2001:db8::1/64', beyond, beyond],
    [
      '192.168.0.0/016',
      'must not have leading 0s in prefix length',
      'must not have leading 0s in prefix length',
    ],
    ...[
      '',
      '1.2.3.4',
      '192.168.0.1/healthz',
      '192.168.0.1/0/99',
      '192.168.0.0/-16',
      '192.168.0.0/33',
    ].map((value): [string, string, string] => [value, notACidr, notACidr]),
  ]
  for (const [value, strict, legacy] of rows) {
    assert.deepEqual(ip.isValidCIDR(value), strict === undefined ? [] : [strict], value)
    const problems = ip.isValidCIDRForLegacyField(value)
    assert.deepEqual(problems, legacy === undefined ? [] : [legacy], value)
  }
})

test('only the first of the longest runs of zeros is shortened', () => {
  assert.equal(ip.formatIp(ip.parseIp('1:0:0:2:0:0:0:3') ?? []), '1:0:0:2::3')
  assert.equal(ip.formatIp(ip.parseIp('1:0:0:2:3:0:0:4') ?? []), '1::2:3:0:0:4')
  assert.equal(ip.formatIp(ip.parseIp('1:0:2:3:4:5:6:7') ?? []), '1:0:2:3:4:5:6:7')
  assert.equal(ip.isIpv4(ip.parseIp('::ffff:1.2.3.4') ?? []), true)
})
