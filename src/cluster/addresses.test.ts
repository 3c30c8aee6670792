import assert from 'node:assert/strict'
import { it } from 'node:test'
import { advertisedAddress, listenAddresses, localAddress } from './addresses.ts'

it('leaves out what another address includes', () => {
  const rows: readonly (readonly [string[], string[]])[] = [
    [['127.0.0.1'], ['127.0.0.1']],
    [
      ['127.0.0.1', '192.0.2.1'],
      ['127.0.0.1', '192.0.2.1'],
    ],
    [['127.0.0.1', '0.0.0.0'], ['0.0.0.0']],
    [
      ['::1', '0.0.0.0', '127.0.0.1'],
      ['::1', '0.0.0.0'],
    ],
    [['127.0.0.1', '::', '0.0.0.0'], ['::']],
  ]
  for (const [given, listened] of rows) assert.deepEqual(listenAddresses(given), listened)
})

it('is reached by loopback from here and by another address from elsewhere', () => {
  const rows: readonly (readonly [string[], string, string | undefined])[] = [
    [['127.0.0.1'], '127.0.0.1', undefined],
    [['127.0.0.1', '192.0.2.1', '192.0.2.2'], '127.0.0.1', '192.0.2.1'],
    [['192.0.2.1', '127.0.0.1'], '127.0.0.1', '192.0.2.1'],
    [['192.0.2.1'], '192.0.2.1', '192.0.2.1'],
    [['::1', 'fd00::1'], '::1', 'fd00::1'],
  ]
  for (const [given, local, advertised] of rows) {
    assert.equal(localAddress(given), local)
    assert.equal(advertisedAddress(given), advertised)
  }
  assert.equal(localAddress(['0.0.0.0']), '127.0.0.1')
  assert.equal(localAddress(['::']), '::1')
})
