import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { aggregate } from '#api'
import { defaultPolicy, type DefaultPolicy } from './default-roles.ts'
import { reconcile } from './reconcile.ts'
import { clusterRole, rule, user, type BindingObject, type RoleObject } from './role-objects.ts'
import { uncovered } from './rules.ts'

const none: DefaultPolicy = {
  clusterRoles: [],
  clusterRoleBindings: [],
  roles: [],
  roleBindings: [],
}

function after(existing: DefaultPolicy): DefaultPolicy {
  const objects = reconcile(existing, defaultPolicy).map(({ object }) => object)
  const merged = <T extends RoleObject | BindingObject>(held: readonly T[], kind: string) => {
    const written = objects.filter((object): object is T => object.kind === kind)
    const key = ({ metadata }: T) => `${metadata.namespace}/${metadata.name}`
    return [...new Map([...held, ...written].map((object) => [key(object), object])).values()]
  }
  return {
    clusterRoles: merged(existing.clusterRoles, 'ClusterRole'),
    clusterRoleBindings: merged(existing.clusterRoleBindings, 'ClusterRoleBinding'),
    roles: merged(existing.roles, 'Role'),
    roleBindings: merged(existing.roleBindings, 'RoleBinding'),
  }
}

const full = after(none)

function named(policy: DefaultPolicy, name: string): RoleObject {
  const found = policy.clusterRoles.find(({ metadata }) => metadata.name === name)
  assert.ok(found, name)
  return found
}

function change(name: string, edit: (role: RoleObject) => RoleObject): DefaultPolicy {
  const clusterRoles = full.clusterRoles.map((role) =>
    role.metadata.name === name ? edit(role) : role,
  )
  return { ...full, clusterRoles }
}

test('an empty cluster gets everything once, then nothing', () => {
  const first = reconcile(none, defaultPolicy)
  assert.ok(first.every(({ operation }) => operation === 'create'))
  const names = first.map(({ object }) => {
    return `${object.kind} ${object.metadata.namespace ?? ''}/${object.metadata.name}`
  })
  assert.equal(new Set(names).size, names.length)
  assert.deepEqual(reconcile(full, defaultPolicy), [])
})

test('every binding refers to a role of the policy', () => {
  const names = new Set(defaultPolicy.clusterRoles.map(({ metadata }) => metadata.name))
  for (const { roleRef } of defaultPolicy.clusterRoleBindings) assert.ok(names.has(roleRef.name))
  for (const { roleRef, metadata } of defaultPolicy.roleBindings) {
    assert.ok(
      defaultPolicy.roles.some(
        (role) =>
          role.metadata.name === roleRef.name && role.metadata.namespace === metadata.namespace,
      ),
    )
  }
  assert.equal([...names].filter((name) => name.startsWith('system:controller:')).length, 38)
})

test('admin, edit and view are aggregated at once, over the whole chain', () => {
  const rules = (name: string) => named(full, name).rules ?? []
  assert.deepEqual(uncovered(rules('view'), [rule('get list watch', 'core', 'pods')]), [])
  assert.ok(uncovered(rules('view'), [rule('get', 'core', 'secrets')]).length > 0)
  assert.deepEqual(uncovered(rules('edit'), rules('view')), [])
  assert.deepEqual(uncovered(rules('admin'), rules('edit')), [])
  assert.deepEqual(
    uncovered(rules('admin'), [rule('create', 'rbac.authorization.k8s.io', 'roles')]),
    [],
  )
})

test('a missing rule is put back, an extra one stays', () => {
  const extra = rule('get', 'example.com', 'widgets')
  const existing = change('system:kube-dns', (role) => ({ ...role, rules: [extra] }))
  const [update, ...others] = reconcile(existing, defaultPolicy)
  assert.deepEqual(others, [])
  assert.equal(update?.operation, 'update')
  const object = update?.object
  assert.ok(object !== undefined && 'rules' in object)
  assert.deepEqual(object.rules, [extra, rule('list watch', 'core', 'endpoints services')])
})

test('autoupdate=false protects a role and its aggregated rules', () => {
  const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'false' }
  for (const name of ['system:kube-dns', 'view']) {
    const existing = change(name, (role) => {
      return { ...role, rules: [], metadata: { ...role.metadata, annotations } }
    })
    const changed = reconcile(existing, defaultPolicy).map(({ object }) => object.metadata.name)
    assert.ok(!changed.includes(name))
  }
})

test('labels and annotations that somebody set are kept', () => {
  const existing = change('system:kube-dns', (role) => {
    return { ...role, metadata: { name: 'system:kube-dns', labels: { mine: 'x' } } }
  })
  const [update] = reconcile(existing, defaultPolicy)
  assert.deepEqual(update?.object.metadata.labels, {
    'kubernetes.io/bootstrapping': 'rbac-defaults',
    mine: 'x',
  })
})

test('a binding gets missing subjects; one of another role is made anew', () => {
  const edit = (name: string, change_: (binding: BindingObject) => BindingObject) => ({
    ...full,
    clusterRoleBindings: full.clusterRoleBindings.map((binding) =>
      binding.metadata.name === name ? change_(binding) : binding,
    ),
  })
  const fewer = edit('system:kube-dns', (binding) => ({ ...binding, subjects: [user('x')] }))
  const [update] = reconcile(fewer, defaultPolicy)
  assert.ok(update !== undefined && 'subjects' in update.object)
  assert.equal(update.operation, 'update')
  assert.deepEqual(
    update.object.subjects?.map(({ name }) => name),
    ['x', 'kube-dns'],
  )
  const other = edit('system:kube-dns', (binding) => {
    return { ...binding, roleRef: { ...binding.roleRef, name: 'view' } }
  })
  assert.equal(reconcile(other, defaultPolicy)[0]?.operation, 'recreate')
})

test('aggregation takes labels by selector, leaves itself out and settles in a circle', () => {
  const a = rule('get', 'core', 'a')
  const b = rule('get', 'core', 'b')
  const selecting = (name: string, key: string, labels = {}): RoleObject => ({
    ...clusterRole(name, [], labels),
    aggregationRule: {
      clusterRoleSelectors: [{ matchExpressions: [{ key, operator: 'Exists' }] }],
    },
  })
  const rules = aggregate([
    selecting('left', 'right', { left: '' }),
    selecting('right', 'left', { right: '' }),
    clusterRole('leaf-a', [a], { left: '' }),
    clusterRole('leaf-b', [b, a], { right: '' }),
    selecting('lonely', '__proto__'),
  ])
  const resources = (name: string) =>
    (rules.get(name) ?? []).flatMap((found) => found.resources ?? []).sort()
  assert.deepEqual(resources('left'), ['a', 'b'])
  assert.deepEqual(resources('right'), ['a', 'b'])
  assert.equal(rules.has('lonely'), false)
})
