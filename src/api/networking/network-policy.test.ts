import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decoded } from '../testing/decoded.ts'
import { NetworkPolicy } from './network-policy.ts'

test('a NetworkPolicy is about what it mentions', () => {
  const policy = (spec: object) =>
    decoded(NetworkPolicy, { metadata: {}, spec: { podSelector: {}, ...spec } })
  assert.deepEqual(policy({}).spec.policyTypes, ['Ingress'])
  assert.deepEqual(policy({ egress: [{ ports: [{ port: 53 }] }] }).spec.policyTypes, [
    'Ingress',
    'Egress',
  ])
})
