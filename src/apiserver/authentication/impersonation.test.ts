import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { StatusError } from '#machinery'
import {
  combinedResource,
  noOpinion,
  noRules,
  type Attributes,
  type Authorizer,
} from '../authorization/authorizer.ts'
import { ask, userInfo } from '../testing/users.ts'
import type { RequestHeaders } from './authenticator.ts'
import { impersonate } from './impersonation.ts'
import { extraKeys, type UserInfo } from './user.ts'

const ann = userInfo('ann', 'admins')

function headers(values: Readonly<Record<string, readonly string[]>>): RequestHeaders {
  const found = new Map(Object.entries(values))
  return { headers: (name) => found.get(name) ?? [], headerNames: () => found.keys() }
}

/** Allows what `allowed` says, of `verb group resource/subresource namespace/name`; records all. */
function authorizer(allowed: (what: string) => boolean): Authorizer & { readonly asked: string[] } {
  const asked: string[] = []
  return {
    asked,
    rulesFor: () => noRules,
    authorize(attributes: Attributes) {
      const { verb, apiGroup, namespace, name } = attributes
      const what = `${verb} ${apiGroup || 'core'} ${combinedResource(attributes)} ${namespace}/${name}`
      asked.push(what)
      return allowed(what) ? { decision: 'allow', reason: '' } : noOpinion
    },
  }
}

const legacyOnly = () => authorizer((what) => what.startsWith('impersonate '))

function listPods(user: UserInfo): Attributes {
  return ask(user, 'list', 'pods', { namespace: 'ns' })
}

function refusal(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof StatusError) return `${error.code} ${error.message}`
    throw error
  }
  return 'allowed'
}

test('nothing asked, nothing changed', () => {
  const sent = headers({ 'impersonate-user': [''] })
  assert.equal(impersonate(listPods(ann), sent, legacyOnly()), undefined)
})

test('the verb impersonate is asked for every part', () => {
  const allow = legacyOnly()
  const sent = headers({
    'impersonate-user': ['jane'],
    'impersonate-group': ['dev', 'ops'],
    'impersonate-uid': ['u-1'],
    'impersonate-extra-example.com%2fscopes': ['a', 'b'],
  })
  assert.deepEqual(impersonate(listPods(ann), sent, allow), {
    constraint: '',
    user: {
      name: 'jane',
      uid: 'u-1',
      groups: ['dev', 'ops', 'system:authenticated'],
      extra: { 'example.com/scopes': ['a', 'b'] },
    },
  })
  assert.deepEqual(allow.asked, [
    'impersonate-on:user-info:list core pods ns/',
    'impersonate core users /jane',
    'impersonate authentication.k8s.io uids /u-1',
    'impersonate core groups /dev',
    'impersonate core groups /ops',
    'impersonate authentication.k8s.io userextras/example.com/scopes /a',
    'impersonate authentication.k8s.io userextras/example.com/scopes /b',
  ])
})

test('every part may be refused', () => {
  const sent = headers({
    'impersonate-user': ['system:serviceaccount:ns:bot'],
    'impersonate-group': ['system:masters'],
    'impersonate-extra-scopes': ['all'],
  })
  const table = [
    [
      'serviceaccounts ns/bot',
      '403 serviceaccounts "bot" is forbidden: User "ann" cannot impersonate resource "serviceaccounts" in API group "" in the namespace "ns"',
    ],
    [
      'groups /system:masters',
      '403 groups "system:masters" is forbidden: User "ann" cannot impersonate resource "groups" in API group "" at the cluster scope',
    ],
    [
      'userextras/scopes /all',
      '403 userextras.authentication.k8s.io "all" is forbidden: User "ann" cannot impersonate resource "userextras/scopes" in API group "authentication.k8s.io" at the cluster scope',
    ],
  ] as const
  for (const [refused, message] of table) {
    const all = authorizer((what) => !what.endsWith(refused))
    assert.equal(
      refusal(() => impersonate(listPods(ann), sent, all)),
      message,
    )
  }
})

test('groups follow from who is impersonated', () => {
  const heldGroups = (name: string, ...asked: readonly string[]) => {
    const sent = headers({ 'impersonate-user': [name], 'impersonate-group': asked })
    return impersonate(listPods(ann), sent, legacyOnly())?.user.groups
  }
  const account = 'system:serviceaccount:ns:bot'
  const table = [
    [heldGroups('jane'), ['system:authenticated']],
    [heldGroups('jane', 'system:authenticated'), ['system:authenticated']],
    [heldGroups('jane', 'system:unauthenticated'), ['system:unauthenticated']],
    [
      heldGroups(account),
      ['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'],
    ],
    [heldGroups(account, 'dev'), ['dev', 'system:authenticated']],
    [heldGroups('system:node:one'), ['system:authenticated']],
    [heldGroups('system:anonymous'), ['system:unauthenticated']],
    [heldGroups('system:anonymous', 'x'), ['x', 'system:unauthenticated']],
  ]
  for (const [found, expected] of table) assert.deepEqual(found, expected)
})

test('constrained modes take both rights (KEP-5284)', () => {
  const agent: UserInfo = {
    ...userInfo('system:serviceaccount:ns:agent'),
    extra: { [extraKeys.nodeName]: ['one'] },
  }
  const table = [
    ['jane', 'user-info', 'users /jane', ['system:authenticated']],
    [
      'system:serviceaccount:ns:bot',
      'serviceaccount',
      'serviceaccounts ns/bot',
      ['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'],
    ],
    ['system:node:one', 'associated-node', 'nodes /*', ['system:nodes', 'system:authenticated']],
    ['system:node:two', 'arbitrary-node', 'nodes /two', ['system:nodes', 'system:authenticated']],
  ] as const
  for (const [name, mode, identity, held] of table) {
    const on = `impersonate-on:${mode}:list core pods ns/`
    const as = `impersonate:${mode} authentication.k8s.io ${identity}`
    const sent = headers({ 'impersonate-user': [name] })
    const run = (...allowed: readonly string[]) =>
      impersonate(
        listPods(agent),
        sent,
        authorizer((what) => allowed.includes(what)),
      )
    assert.deepEqual(run(on, as), {
      constraint: `impersonate:${mode}`,
      user: { name, uid: '', groups: held, extra: {} },
    })
    assert.equal(
      refusal(() => run(as)),
      `403 pods is forbidden: User "${agent.name}" cannot impersonate-on:${mode}:list resource "pods" in API group "" in the namespace "ns"`,
    )
    assert.match(
      refusal(() => run(on)),
      new RegExp(`cannot impersonate:${mode} resource`),
    )
  }
})

test('only a pod on the node is associated with it', () => {
  const on = (name: string, extra: UserInfo['extra']) => {
    const all = authorizer(() => true)
    const attributes = listPods({ ...userInfo(name), extra })
    const sent = headers({ 'impersonate-user': ['system:node:one'] })
    return impersonate(attributes, sent, all)?.constraint
  }
  const account = 'system:serviceaccount:ns:agent'
  assert.equal(on(account, { [extraKeys.nodeName]: ['one'] }), 'impersonate:associated-node')
  for (const [name, values] of [
    [account, ['two']],
    [account, ['one', 'two']],
    [account, []],
    ['jane', ['one']],
  ] as const) {
    assert.equal(on(name, { [extraKeys.nodeName]: values }), 'impersonate:arbitrary-node')
  }
})

test('what constrained modes never allow', () => {
  const constrained = authorizer((what) => !what.startsWith('impersonate '))
  const table = [
    [{ 'impersonate-group': ['system:masters'] }, /system:masters group is not allowed$/],
    [{ 'impersonate-group': ['a', ''] }, /empty string group is not allowed$/],
    [{ 'impersonate-extra-scopes': ['x'] }, /must be a domain-prefixed path/],
    [{ 'impersonate-extra-a.b%2fScopes': ['x'] }, /non-lowercase key in extra/],
    [{ 'impersonate-extra-a.b%2fc': [''] }, /empty string value in extra is not allowed$/],
    [{ 'impersonate-extra-': ['x'] }, /empty string key in extra is not allowed$/],
    [{ 'impersonate-user': ['system:node:one'], 'impersonate-uid': ['u'] }, /cannot impersonate /],
  ] as const
  for (const [more, message] of table) {
    const sent = headers({ 'impersonate-user': ['jane'], ...more })
    assert.match(
      refusal(() => impersonate(listPods(ann), sent, constrained)),
      message,
    )
  }
})

test('parts without a user are a bad request', () => {
  const table = [
    [
      { 'impersonate-group': ['x'] },
      '&user.DefaultInfo{Name:"", UID:"", Groups:[]string{"x"}, Extra:map[string][]string(nil)}',
    ],
    [
      { 'impersonate-uid': ['u'], 'impersonate-extra-k': ['v'] },
      '&user.DefaultInfo{Name:"", UID:"u", Groups:[]string(nil), Extra:map[string][]string{"k":[]string{"v"}}}',
    ],
  ] as const
  for (const [sent, asked] of table) {
    const allow = legacyOnly()
    assert.equal(
      refusal(() => impersonate(listPods(ann), headers(sent), allow)),
      `400 requested ${asked} without impersonating a user name`,
    )
    assert.deepEqual(allow.asked, [])
  }
})
