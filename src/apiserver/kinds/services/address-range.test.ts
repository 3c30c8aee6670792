import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { addressIn, addressRange, inRange } from './address-range.ts'

test('ranges of addresses', () => {
  const rows: readonly (readonly [string, bigint, bigint, string, string])[] = [
    ['10.43.0.0/16', 65_534n, 256n, '10.43.0.1', '10.43.255.254'],
    ['10.96.0.0/24', 254n, 16n, '10.96.0.1', '10.96.0.254'],
    ['10.9.0.0/28', 14n, 0n, '10.9.0.1', '10.9.0.14'],
    ['10.9.0.8/30', 2n, 0n, '10.9.0.9', '10.9.0.10'],
    ['fd00:43::/112', 65_535n, 256n, 'fd00:43::1', 'fd00:43::ffff'],
  ]
  for (const [cidr, size, reserved, first, last] of rows) {
    const range = addressRange(cidr)
    assert.ok(range !== undefined)
    assert.equal(range.size, size, cidr)
    assert.equal(range.reserved, reserved, cidr)
    assert.equal(addressIn(range, 0n), first)
    assert.equal(addressIn(range, size - 1n), last)
    assert.ok(inRange(range, first) && inRange(range, last))
  }
})

test('what is outside of a range', () => {
  const range = addressRange('10.43.0.0/16')
  assert.ok(range !== undefined)
  for (const address of ['10.43.0.0', '10.43.255.255', '10.42.0.1', 'fd00::1', '', 'x']) {
    assert.equal(inRange(range, address), false, address)
  }
  assert.equal(addressRange('10.43.0.1/32'), undefined)
  assert.equal(addressRange('x'), undefined)
})
