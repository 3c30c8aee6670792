import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signDetachedJws } from './jws.ts'

test('a detached signature is what OpenSSL makes of the same header and payload', () => {
  const jws = signDetachedJws({
    keyId: 'abcdef',
    key: '0123456789abcdef',
    payload: 'kind: Config\n',
  })
  assert.equal(
    jws,
    'eyJhbGciOiJIUzI1NiIsImtpZCI6ImFiY2RlZiJ9..3ZR7IfHD4V0NLYjj9trDyCFIZSwMzkyMpnxx9vCiSPI',
  )
})
