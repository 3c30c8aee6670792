import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseResolvers } from './resolvers.ts'

const own = { addresses: ['10.43.0.10', 'fd00::a'], port: 53 }

test('resolvers are addresses with or without a port', () => {
  const texts = [
    '192.0.2.1',
    '192.0.2.1:5353',
    '2001:DB8::1',
    '[2001:db8::1]:5353',
    '10.43.0.10:54',
    'fe80::1%eth0',
  ]
  assert.deepEqual(parseResolvers(texts, own), [
    { address: '192.0.2.1', port: 53 },
    { address: '192.0.2.1', port: 5353 },
    { address: '2001:db8::1', port: 53 },
    { address: '2001:db8::1', port: 5353 },
    { address: '10.43.0.10', port: 54 },
    { address: 'fe80::1%eth0', port: 53 },
  ])
})

test('what is no resolver, or is this server, is refused by name', () => {
  for (const text of [
    '',
    'dns.example',
    '192.0.2.1:',
    '192.0.2.1:0',
    '192.0.2.1:65536',
    '[::1]',
    '1.2.3',
    '1.2.3.4%eth0',
  ]) {
    assert.throws(() => parseResolvers([text], own), { reason: 'InvalidOptions' }, text)
  }
  for (const text of ['10.43.0.10', '10.43.0.10:53', 'fd00:0::a']) {
    assert.throws(() => parseResolvers([text], own), /is this server itself/, text)
  }
  const everywhere = { addresses: ['0.0.0.0'], port: 53 }
  assert.throws(() => parseResolvers(['127.0.0.53'], everywhere), /is this server itself/)
  assert.equal(parseResolvers(['192.0.2.1'], everywhere).length, 1)
})
