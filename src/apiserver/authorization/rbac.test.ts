import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { MemoryLookup } from '../testing/memory-lookup.ts'
import { ask, askPath, userInfo } from '../testing/users.ts'
import { forbiddenError, privilegedGroups, unionAuthorizer } from './authorizer.ts'
import { RbacAuthorizer, rbacResources, type Subject } from './rbac.ts'
import { clusterRole, rule, urlRule } from './role-objects.ts'

const { clusterRoles, clusterRoleBindings, roles, roleBindings } = rbacResources
const jane = userInfo('jane', 'dev', 'system:authenticated')

function roleRef(kind: string, name: string) {
  return { apiGroup: 'rbac.authorization.k8s.io', kind, name }
}

function bind(lookup: MemoryLookup, name: string, ref: [string, string], ...subjects: Subject[]) {
  const object = { metadata: { name }, roleRef: roleRef(...ref), subjects }
  lookup.put(clusterRoleBindings, object)
}

function bindIn(
  lookup: MemoryLookup,
  namespace: string,
  name: string,
  ref: [string, string],
  ...subjects: Subject[]
) {
  const object = { metadata: { name, namespace }, roleRef: roleRef(...ref), subjects }
  lookup.put(roleBindings, object)
}

function cluster(): MemoryLookup {
  const lookup = new MemoryLookup()
  lookup.put(
    clusterRoles,
    clusterRole('reader', [
      rule('get list', 'core', 'pods pods/log'),
      rule('get', 'core', 'secrets', 'one'),
      rule('*', 'apps', '*'),
      rule('get', '*', '*/scale'),
      urlRule('get', '/healthz /logs/*'),
    ]),
  )
  const metadata = { name: 'writer', namespace: 'shop' }
  lookup.put(roles, { metadata, rules: [rule('create', 'core', 'pods')] } as never)
  return lookup
}

test('rules match as upstream matches them', () => {
  const lookup = cluster()
  bind(lookup, 'readers', ['ClusterRole', 'reader'], { kind: 'User', name: 'jane' })
  const rbac = new RbacAuthorizer(lookup)
  const table = [
    [ask(jane, 'get', 'pods'), true],
    [ask(jane, 'get', 'pods', { namespace: 'shop' }), true],
    [ask(jane, 'get', 'pods/log', { namespace: 'shop' }), true],
    [ask(jane, 'get', 'pods/exec', { namespace: 'shop' }), false],
    [ask(jane, 'delete', 'pods', { namespace: 'shop' }), false],
    [ask(jane, 'get', 'pods.apps'), true],
    [ask(jane, 'get', 'pods.other'), false],
    [ask(jane, 'delete', 'deployments/status.apps'), true],
    [ask(jane, 'get', 'things/scale.any.example'), true],
    [ask(jane, 'update', 'things/scale.any.example'), false],
    [ask(jane, 'get', 'secrets', { namespace: 'shop', name: 'one' }), true],
    [ask(jane, 'get', 'secrets', { namespace: 'shop', name: 'two' }), false],
    [ask(jane, 'get', 'secrets', { namespace: 'shop' }), false],
    [askPath(jane, 'get', '/healthz'), true],
    [askPath(jane, 'get', '/healthz/etcd'), false],
    [askPath(jane, 'get', '/logs/a/b'), true],
    [askPath(jane, 'post', '/healthz'), false],
    [ask(userInfo('joe'), 'get', 'pods'), false],
    [ask(userInfo('__proto__'), 'get', 'pods'), false],
  ] as const
  for (const [attributes, allowed] of table) {
    const { decision } = rbac.authorize(attributes)
    assert.equal(decision === 'allow', allowed, JSON.stringify(attributes))
  }
})

test('reasons name binding, role and subject', () => {
  const lookup = cluster()
  bind(lookup, 'x', ['ClusterRole', 'reader'], { kind: 'Group', name: 'dev' })
  const account = { kind: 'ServiceAccount', name: 'bot' }
  bindIn(lookup, 'shop', 'y', ['Role', 'writer'], account)
  const rbac = new RbacAuthorizer(lookup)
  assert.deepEqual(rbac.authorize(ask(jane, 'get', 'pods')), {
    decision: 'allow',
    reason: 'RBAC: allowed by ClusterRoleBinding "x" of ClusterRole "reader" to Group "dev"',
  })
  const bot = userInfo('system:serviceaccount:shop:bot')
  assert.deepEqual(rbac.authorize(ask(bot, 'create', 'pods', { namespace: 'shop' })), {
    decision: 'allow',
    reason: 'RBAC: allowed by RoleBinding "y/shop" of Role "writer" to ServiceAccount "bot/shop"',
  })
})

test('a role binding reaches its own namespace only', () => {
  const lookup = cluster()
  bindIn(lookup, 'shop', 'y', ['ClusterRole', 'reader'], { kind: 'User', name: 'jane' })
  const rbac = new RbacAuthorizer(lookup)
  const decide = (namespace: string) => rbac.authorize(ask(jane, 'get', 'pods', { namespace }))
  assert.equal(decide('shop').decision, 'allow')
  assert.equal(decide('other').decision, 'noOpinion')
  assert.equal(decide('').decision, 'noOpinion')
})

test('a missing role is named, and does not hide other bindings', () => {
  const lookup = cluster()
  bind(lookup, 'gone', ['ClusterRole', 'nothing'], { kind: 'User', name: 'jane' })
  bindIn(lookup, 'shop', 'gone', ['Role', 'nowhere'], { kind: 'User', name: 'jane' })
  const rbac = new RbacAuthorizer(lookup)
  assert.equal(
    rbac.authorize(ask(jane, 'get', 'pods')).reason,
    'RBAC: clusterrole.rbac.authorization.k8s.io "nothing" not found',
  )
  assert.equal(
    rbac.authorize(ask(jane, 'get', 'pods', { namespace: 'shop' })).reason,
    'RBAC: [clusterrole.rbac.authorization.k8s.io "nothing" not found, role.rbac.authorization.k8s.io "nowhere" not found]',
  )
  bind(lookup, 'there', ['ClusterRole', 'reader'], { kind: 'User', name: 'jane' })
  assert.equal(rbac.authorize(ask(jane, 'get', 'pods')).decision, 'allow')
})

test('the index follows changes', () => {
  const lookup = cluster()
  const rbac = new RbacAuthorizer(lookup)
  const decide = () => rbac.authorize(ask(jane, 'get', 'pods')).decision
  assert.equal(decide(), 'noOpinion')
  bind(lookup, 'x', ['ClusterRole', 'reader'], { kind: 'User', name: 'jane' })
  bind(lookup, 'z', ['ClusterRole', 'reader'], { kind: 'User', name: 'jane' })
  assert.equal(decide(), 'allow')
  bind(lookup, 'x', ['ClusterRole', 'reader'], { kind: 'User', name: 'joe' })
  assert.equal(decide(), 'allow')
  lookup.delete(clusterRoleBindings, '', 'z')
  assert.equal(decide(), 'noOpinion')
  bind(lookup, 'x', ['ClusterRole', 'reader'], { kind: 'Group', name: 'dev' })
  assert.equal(decide(), 'allow')
  lookup.delete(clusterRoles, '', 'reader')
  assert.equal(decide(), 'noOpinion')
})

test('rules of a user', () => {
  const lookup = cluster()
  bindIn(lookup, 'shop', 'y', ['ClusterRole', 'reader'], { kind: 'User', name: 'jane' })
  bind(lookup, 'gone', ['ClusterRole', 'nothing'], { kind: 'User', name: 'jane' })
  const found = new RbacAuthorizer(lookup).rulesFor(jane, 'shop')
  assert.equal(found.resourceRules.length, 4)
  assert.equal(found.nonResourceRules.length, 1)
  assert.equal(found.incomplete, true)
  assert.match(found.evaluationError, /"nothing" not found/)
})

test('masters may do everything; the union takes the first opinion', () => {
  const rbac = new RbacAuthorizer(cluster())
  const authorizer = unionAuthorizer(privilegedGroups('system:masters'), rbac)
  const root = userInfo('root', 'system:masters')
  assert.equal(authorizer.authorize(ask(root, 'delete', 'nodes')).decision, 'allow')
  assert.equal(authorizer.authorize(ask(jane, 'delete', 'nodes')).decision, 'noOpinion')
  assert.equal(authorizer.rulesFor(root, 'a').resourceRules.length, 1)
})

test('refusals are worded as upstream words them', () => {
  const table = [
    [
      ask(jane, 'list', 'pods', { namespace: 'y' }),
      'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "y"',
    ],
    [
      ask(jane, 'update', 'deployments/scale.apps', { namespace: 'y', name: 'web' }),
      'deployments.apps "web" is forbidden: User "jane" cannot update resource "deployments/scale" in API group "apps" in the namespace "y"',
    ],
    [
      ask(jane, 'get', 'nodes', { name: 'n' }),
      'nodes "n" is forbidden: User "jane" cannot get resource "nodes" in API group "" at the cluster scope',
    ],
    [askPath(jane, 'get', '/metrics'), 'forbidden: User "jane" cannot get path "/metrics"'],
  ] as const
  for (const [attributes, message] of table) {
    const error = forbiddenError(attributes, '')
    assert.equal(error.message, message)
    assert.equal(error.code, 403)
    assert.equal(forbiddenError(attributes, 'why').message, `${message}: why`)
  }
})
