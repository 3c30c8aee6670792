import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { StatusError } from '#machinery'
import { noOpinion, noRules, type Authorizer } from '../authorization/authorizer.ts'
import { userInfo } from '../testing/users.ts'
import type { RequestHeaders } from './authenticator.ts'
import { impersonate } from './impersonation.ts'

const ann = userInfo('ann', 'admins')

function headers(values: Readonly<Record<string, readonly string[]>>): RequestHeaders {
  const found = new Map(Object.entries(values))
  return { headers: (name) => found.get(name) ?? [], headerNames: () => found.keys() }
}

/** Allows all but what is named; records what it was asked. */
function authorizer(...refused: readonly string[]): Authorizer & { readonly asked: string[] } {
  const asked: string[] = []
  return {
    asked,
    rulesFor: () => noRules,
    authorize(attributes) {
      const { verb, apiGroup, resource, subresource, namespace, name, user } = attributes
      const what = [resource, subresource, namespace, name].filter((part) => part !== '').join('/')
      asked.push(`${user.name} ${verb} ${apiGroup === '' ? '' : `${apiGroup} `}${what}`)
      return refused.includes(what) ? noOpinion : { decision: 'allow', reason: '' }
    },
  }
}

test('nothing asked, nothing changed', () => {
  assert.equal(impersonate(ann, headers({ 'impersonate-user': [''] }), authorizer()), undefined)
})

test('every part is authorized', () => {
  const allow = authorizer()
  const user = impersonate(
    ann,
    headers({
      'impersonate-user': ['jane'],
      'impersonate-group': ['dev', 'ops'],
      'impersonate-uid': ['u-1'],
      'impersonate-extra-example.com%2fscopes': ['a', 'b'],
    }),
    allow,
  )
  assert.deepEqual(user, {
    name: 'jane',
    uid: 'u-1',
    groups: ['dev', 'ops', 'system:authenticated'],
    extra: { 'example.com/scopes': ['a', 'b'] },
  })
  assert.deepEqual(allow.asked, [
    'ann impersonate users/jane',
    'ann impersonate groups/dev',
    'ann impersonate groups/ops',
    'ann impersonate authentication.k8s.io userextras/example.com/scopes/a',
    'ann impersonate authentication.k8s.io userextras/example.com/scopes/b',
    'ann impersonate authentication.k8s.io uids/u-1',
  ])
})

test('groups follow from who is impersonated', () => {
  const groups = (name: string, ...asked: readonly string[]) => {
    const sent = { 'impersonate-user': [name], 'impersonate-group': asked }
    return impersonate(ann, headers(sent), authorizer())?.groups
  }
  const account = 'system:serviceaccount:ns:bot'
  const table = [
    [groups('jane'), ['system:authenticated']],
    [groups('jane', 'system:authenticated'), ['system:authenticated']],
    [groups('jane', 'system:unauthenticated'), ['system:unauthenticated']],
    [
      groups(account),
      ['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'],
    ],
    [groups(account, 'dev'), ['dev', 'system:authenticated']],
    [groups('system:anonymous'), ['system:unauthenticated']],
    [groups('system:anonymous', 'x'), ['x', 'system:unauthenticated']],
  ]
  for (const [found, expected] of table) assert.deepEqual(found, expected)
})

test('refusals', () => {
  const sent = headers({
    'impersonate-user': ['system:serviceaccount:ns:bot'],
    'impersonate-group': ['system:masters'],
    'impersonate-extra-scopes': ['all'],
  })
  const table = [
    [
      'serviceaccounts/ns/bot',
      'serviceaccounts "bot" is forbidden: User "ann" cannot impersonate resource "serviceaccounts" in API group "" in the namespace "ns"',
    ],
    [
      'groups/system:masters',
      'groups "system:masters" is forbidden: User "ann" cannot impersonate resource "groups" in API group "" at the cluster scope',
    ],
    [
      'userextras/scopes/all',
      'userextras.authentication.k8s.io "all" is forbidden: User "ann" cannot impersonate resource "userextras/scopes" in API group "authentication.k8s.io" at the cluster scope',
    ],
  ] as const
  for (const [refused, message] of table) {
    assert.throws(
      () => impersonate(ann, sent, authorizer(refused)),
      (error) => error instanceof StatusError && error.code === 403 && error.message === message,
    )
  }
})

test('parts without a user are a bad request', () => {
  const table = [
    [{ 'impersonate-group': ['x'] }, '[{Group  x    }]'],
    [
      { 'impersonate-uid': ['u'], 'impersonate-extra-k': ['v'] },
      '[{UserExtra  v  authentication.k8s.io/v1  k} {UID  u  authentication.k8s.io/v1  }]',
    ],
  ] as const
  for (const [sent, asked] of table) {
    const allow = authorizer()
    assert.throws(
      () => impersonate(ann, headers(sent), allow),
      (error) =>
        error instanceof StatusError &&
        error.code === 400 &&
        error.message === `requested ${asked} without impersonating a user`,
    )
    assert.deepEqual(allow.asked, [])
  }
})
