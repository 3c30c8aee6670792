import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import type { TokenRequestStatus, TokenReviewStatus } from '#api'
import type { KubeObject } from '#machinery'
import { testRegistry, type TestRegistry } from '../testing/registry.ts'

const accounts = '/api/v1/namespaces/default/serviceaccounts'
const reviews = '/apis/authentication.k8s.io/v1/tokenreviews'

interface Issued extends KubeObject {
  readonly spec: { readonly expirationSeconds: number; readonly audiences: readonly string[] }
  readonly status: TokenRequestStatus
}

function issue(server: TestRegistry, spec: object): Promise<Issued> {
  return server.object('POST', `${accounts}/default/token`, { spec })
}

test('a token on request is good, and tells whose it is', async () => {
  await using server = await testRegistry({ serviceAccount: true })
  const issued = await issue(server, { expirationSeconds: 600 })
  assert.equal(issued.kind, 'TokenRequest')
  assert.equal(issued.metadata.name, 'default')
  assert.equal(issued.metadata.namespace, 'default')
  assert.equal(issued.spec.expirationSeconds, 600)
  const review = await server.object<{ status: TokenReviewStatus }>('POST', reviews, {
    spec: { token: issued.status.token },
  })
  assert.equal(review.status.authenticated, true)
  assert.equal(review.status.user.username, 'system:serviceaccount:default:default')
  assert.ok(review.status.user.groups?.includes('system:authenticated'))
})

test('a token of nobody is an answer, not a failure', async () => {
  await using server = await testRegistry()
  const review = await server.object<{ status: TokenReviewStatus }>('POST', reviews, {
    spec: { token: 'x' },
  })
  assert.notEqual(review.status.authenticated, true)
  const status = await server.refused('POST', reviews, { spec: {} })
  assert.equal(status.message, 'token is required for TokenReview in authentication')
})

test('requests for tokens that are refused', async () => {
  await using server = await testRegistry({ serviceAccount: true })
  const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: 'gone', uid: 'u' }
  const rows: readonly (readonly [string, object, number, RegExp])[] = [
    [
      'default',
      { spec: { expirationSeconds: 599 } },
      422,
      /may not specify a duration less than 10 minutes/,
    ],
    ['default', { spec: { expirationSeconds: 2 ** 32 + 1 } }, 422, /larger than 2\^32 seconds/],
    ['default', { spec: { boundObjectRef } }, 404, /pods "gone" not found/],
    ['default', { metadata: { uid: 'x' }, spec: {} }, 409, /the UID in the token request \(x\)/],
    [
      'default',
      { metadata: { name: 'x' }, spec: {} },
      400,
      /name in URL does not match name in TokenRequest/,
    ],
    ['other', { spec: {} }, 404, /serviceaccounts "other" not found/],
  ]
  for (const [name, body, code, message] of rows) {
    const status = await server.refused('POST', `${accounts}/${name}/token`, body)
    assert.equal(status.code, code, JSON.stringify(status))
    assert.match(status.message ?? '', message)
  }
})
