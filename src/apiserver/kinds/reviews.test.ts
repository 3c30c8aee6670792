import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import type {
  SelfSubjectReviewStatus,
  SubjectAccessReviewStatus,
  SubjectRulesReviewStatus,
} from '#api'
import { testRegistry } from '../testing/registry.ts'
import { userInfo } from '../testing/users.ts'

const authorization = '/apis/authorization.k8s.io/v1'
const jane = userInfo('jane', 'system:authenticated')

interface Review<T> {
  readonly status: T
}

test('who may do what', async () => {
  await using server = await testRegistry()
  await server.ask('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    body: {
      metadata: { name: 'jane' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'jane' }],
    },
  })
  const attributes = (verb: string, resource: string) => ({ verb, resource, namespace: 'default' })
  const rows: readonly (readonly [string, object, boolean])[] = [
    ['subjectaccessreviews', { user: 'jane', resourceAttributes: attributes('get', 'pods') }, true],
    [
      'subjectaccessreviews',
      { user: 'jane', resourceAttributes: attributes('delete', 'pods') },
      false,
    ],
    [
      'subjectaccessreviews',
      { groups: ['system:masters'], resourceAttributes: attributes('delete', 'pods') },
      true,
    ],
    [
      'subjectaccessreviews',
      {
        user: 'x',
        groups: ['system:authenticated'],
        nonResourceAttributes: { path: '/version', verb: 'get' },
      },
      true,
    ],
    ['selfsubjectaccessreviews', { resourceAttributes: attributes('list', 'pods') }, true],
    ['selfsubjectaccessreviews', { resourceAttributes: attributes('list', 'secrets') }, false],
  ]
  for (const [resource, spec, allowed] of rows) {
    const review = await server.object<Review<SubjectAccessReviewStatus>>(
      'POST',
      `${authorization}/${resource}`,
      { spec },
      jane,
    )
    assert.equal(review.status.allowed, allowed, JSON.stringify(spec))
  }
  const local = await server.object<Review<SubjectAccessReviewStatus>>(
    'POST',
    `${authorization}/namespaces/default/localsubjectaccessreviews`,
    { spec: { user: 'jane', resourceAttributes: attributes('get', 'pods') } },
  )
  assert.equal(local.status.allowed, true)
  const rules = await server.object<Review<SubjectRulesReviewStatus>>(
    'POST',
    `${authorization}/selfsubjectrulesreviews`,
    { spec: { namespace: 'default' } },
    jane,
  )
  assert.ok(rules.status.resourceRules?.some(({ resources }) => resources?.includes('pods')))
})

test('reviews that ask for nothing', async () => {
  await using server = await testRegistry()
  const resourceAttributes = { verb: 'get', resource: 'pods' }
  const nonResourceAttributes = { verb: 'get', path: '/' }
  const rows: readonly (readonly [string, object, number, RegExp])[] = [
    [
      'subjectaccessreviews',
      { user: 'x' },
      422,
      /exactly one of nonResourceAttributes or resourceAttributes must be specified/,
    ],
    [
      'subjectaccessreviews',
      { resourceAttributes },
      422,
      /at least one of user or group must be specified/,
    ],
    [
      'subjectaccessreviews',
      { user: 'x', resourceAttributes, nonResourceAttributes },
      422,
      /cannot be specified in combination with/,
    ],
    [
      'namespaces/default/localsubjectaccessreviews',
      { user: 'x', resourceAttributes },
      422,
      /must match metadata.namespace/,
    ],
    ['selfsubjectrulesreviews', {}, 400, /^no namespace on request$/],
  ]
  for (const [resource, spec, code, message] of rows) {
    const status = await server.refused('POST', `${authorization}/${resource}`, { spec })
    assert.equal(status.code, code, JSON.stringify(status))
    assert.match(status.message ?? '', message)
  }
})

test('who am I', async () => {
  await using server = await testRegistry()
  const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
  const review = await server.object<Review<SelfSubjectReviewStatus>>('POST', path, {}, jane)
  assert.deepEqual(review.status.userInfo, {
    username: 'jane',
    groups: ['system:authenticated'],
  })
})
