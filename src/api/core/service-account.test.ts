import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { mutable } from '#machinery'
import { decoded } from '../testing/decoded.ts'
import { ServiceAccount } from './service-account.ts'
import { keepSecretNames, serviceAccountWarnings } from './service-account-strategy.ts'

suite('ServiceAccount', () => {
  test('only the names of secrets are kept', () => {
    const secrets = [{ name: 'a', namespace: 'other', kind: 'Secret' }, {}]
    const draft = mutable(decoded(ServiceAccount, { metadata: {}, secrets }))
    keepSecretNames(draft)
    assert.deepEqual(draft.secrets, [{ name: 'a' }, {}])
  })

  test('a deprecated annotation is named when it is new', () => {
    const metadata = { annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } }
    const account = decoded(ServiceAccount, { metadata })
    assert.equal(serviceAccountWarnings(account, undefined).length, 1)
    assert.deepEqual(serviceAccountWarnings(account, account), [])
    assert.deepEqual(serviceAccountWarnings(decoded(ServiceAccount, { metadata: {} }), account), [])
  })
})
