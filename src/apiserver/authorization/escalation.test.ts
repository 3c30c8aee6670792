import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { MemoryLookup } from '../testing/memory-lookup.ts'
import { userInfo } from '../testing/users.ts'
import type { PolicyRule } from './authorizer.ts'
import {
  confirmNoEscalation,
  fullAuthority,
  validateBinding,
  validateEscalation,
} from './escalation.ts'
import { RbacAuthorizer, rbacResources } from './rbac.ts'
import { clusterRole, clusterRoleBinding, rule, urlRule, user } from './role-objects.ts'
import { ruleCovers, uncovered } from './rules.ts'

const jane = userInfo('jane', 'dev')

test('rule covering', () => {
  const table: readonly (readonly [PolicyRule[], PolicyRule, boolean])[] = [
    [[rule('get', 'core', 'pods')], rule('get', 'core', 'pods'), true],
    [[rule('get', 'core', 'pods')], rule('get list', 'core', 'pods'), false],
    [
      [rule('get', 'core', 'pods'), rule('list', 'core', 'pods')],
      rule('get list', 'core', 'pods'),
      true,
    ],
    [[rule('*', '*', '*')], rule('get', 'apps', 'deployments/status'), true],
    [[rule('get', 'apps', '*')], rule('get', 'apps extensions', 'x'), false],
    [[rule('get', 'core', 'pods')], rule('get', 'core', 'pods/log'), false],
    [[rule('get', 'core', '*/log')], rule('get', 'core', 'pods/log'), true],
    [[rule('get', 'core', 'pods')], rule('get', 'core', 'pods', 'a'), true],
    [[rule('get', 'core', 'pods', 'a')], rule('get', 'core', 'pods'), false],
    [[rule('get', 'core', 'pods', 'a b')], rule('get', 'core', 'pods', 'b'), true],
    [[rule('get', 'core', 'pods')], rule('*', 'core', 'pods'), false],
    [[urlRule('get', '/a/*')], urlRule('get', '/a/b'), true],
    [[urlRule('get', '/a/*')], urlRule('get', '/a/*'), true],
    [[urlRule('get', '/a')], urlRule('get', '/a/*'), false],
    [[urlRule('*', '*')], urlRule('get', '/x'), true],
    [[rule('*', '*', '*')], urlRule('get', '/x'), false],
  ]
  for (const [held, wanted, covered] of table) {
    assert.equal(uncovered(held, [wanted]).length === 0, covered, JSON.stringify([held, wanted]))
  }
  assert.ok(ruleCovers(rule('*', '*', '*'), rule('get', 'core', 'pods')))
})

test('the refusal lists what is missing, in short', () => {
  const held = { rules: [rule('get', 'core', 'pods')], errors: ['role "x" not found'] }
  const wanted = [
    rule('get list watch', 'core', 'pods'),
    rule('get', 'apps', 'deployments', 'web'),
    urlRule('get', '/metrics'),
  ]
  assert.equal(
    confirmNoEscalation(jane, held, wanted),
    [
      'user "jane" (groups=["dev"]) is attempting to grant RBAC permissions not currently held:',
      '{APIGroups:[""], Resources:["pods"], Verbs:["list" "watch"]}',
      '{APIGroups:["apps"], Resources:["deployments"], ResourceNames:["web"], Verbs:["get"]}',
      '{NonResourceURLs:["/metrics"], Verbs:["get"]}; resolution errors: [role "x" not found]',
    ].join('\n'),
  )
  assert.equal(confirmNoEscalation(jane, held, [rule('get', 'core', 'pods')]), undefined)
})

test('bind and escalate lift the check, membership in masters too', () => {
  const lookup = new MemoryLookup()
  const put = (name: string, rules: PolicyRule[], ...holders: string[]) => {
    lookup.put(rbacResources.clusterRoles, clusterRole(name, rules))
    lookup.put(rbacResources.clusterRoleBindings, clusterRoleBinding(name, holders.map(user)))
  }
  put('power', [rule('delete', 'core', 'nodes')])
  put('binder', [rule('bind', 'rbac.authorization.k8s.io', 'clusterroles', 'power')], 'ben')
  put('escalator', [rule('escalate', 'rbac.authorization.k8s.io', 'clusterroles')], 'eve')
  put('admin', [rule('*', '*', '*'), urlRule('*', '*')], 'ann')
  const rbac = new RbacAuthorizer(lookup)
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'power' }
  const binding = (...who: [string, ...string[]]) =>
    validateBinding({ user: userInfo(...who), namespace: '', name: 'b' }, roleRef, rbac, rbac)
  assert.match(binding('jane') ?? '', /^user "jane" .*Resources:\["nodes"\]/s)
  assert.match(binding('eve') ?? '', /^user "eve"/)
  assert.equal(binding('ben'), undefined)
  assert.equal(binding('ann'), undefined)
  assert.equal(binding('root', 'system:masters'), undefined)

  const escalation = (name: string, rules: readonly PolicyRule[]) => {
    const request = { user: userInfo(name), namespace: '', name: 'r', resource: 'clusterroles' }
    const held = rbac.heldRules(request.user, '')
    return validateEscalation({ ...request, resource: 'clusterroles' }, rules, rbac, held)
  }
  assert.match(escalation('jane', [rule('delete', 'core', 'nodes')]) ?? '', /^user "jane"/)
  assert.match(escalation('ben', fullAuthority) ?? '', /^user "ben"/)
  assert.equal(escalation('eve', fullAuthority), undefined)
  assert.equal(escalation('ann', fullAuthority), undefined)
})

test('a binding to a role that is not there is refused by who cannot bind it', () => {
  const rbac = new RbacAuthorizer(new MemoryLookup())
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'x' }
  const request = { user: jane, namespace: 'a', name: 'b' }
  assert.match(validateBinding(request, roleRef, rbac, rbac) ?? '', /"x" not found$/)
})
