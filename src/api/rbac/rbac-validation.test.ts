import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { formatFieldError, type FieldError } from '#machinery'
import { decoded } from '../testing/decoded.ts'
import { ClusterRoleBinding } from './cluster-role-binding.ts'
import {
  validateAggregationRule,
  validateBinding,
  validateBindingUpdate,
  validateRules,
} from './rbac-validation.ts'
import { RoleBinding, type RoleBindingInput } from './role-binding.ts'

const text = (errors: readonly FieldError[]) => errors.map(formatFieldError)
const metadata = { name: 'b' }
const roleRef = { kind: 'ClusterRole', name: 'view' }

suite('roles', () => {
  test('a rule is about resources or about URLs', () => {
    assert.deepEqual(text(validateRules([{ verbs: [] }], 'cluster')), [
      'rules[0].verbs: Required value: verbs must contain at least one value',
      'rules[0].apiGroups: Required value: resource rules must supply at least one api group',
      'rules[0].resources: Required value: resource rules must supply at least one resource',
    ])
    const both = { verbs: ['get'], apiGroups: [''], nonResourceURLs: ['/healthz'] }
    assert.deepEqual(text(validateRules([both], 'namespaced')), [
      'rules[0].nonResourceURLs: Invalid value: ["/healthz"]: namespaced rules cannot apply to non-resource URLs',
      'rules[0].nonResourceURLs: Invalid value: ["/healthz"]: rules cannot apply to both regular resources and non-resource URLs',
    ])
    assert.deepEqual(validateRules([{ verbs: ['get'], nonResourceURLs: ['/x'] }], 'cluster'), [])
  })

  test('an aggregation rule selects something', () => {
    assert.deepEqual(text(validateAggregationRule({})), [
      'aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil',
    ])
    assert.deepEqual(validateAggregationRule(undefined), [])
  })
})

suite('bindings', () => {
  test('groups of the role and of users and groups are defaults', () => {
    const binding = decoded(RoleBinding, {
      metadata,
      roleRef,
      subjects: [
        { kind: 'User', name: 'ann' },
        { kind: 'ServiceAccount', name: 'default', namespace: 'a' },
      ],
    })
    assert.equal(binding.roleRef.apiGroup, 'rbac.authorization.k8s.io')
    assert.deepEqual(binding.subjects, [
      { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'ann' },
      { kind: 'ServiceAccount', name: 'default', namespace: 'a' },
    ])
    assert.deepEqual(validateBinding(binding, 'namespaced'), [])
  })

  const group = 'rbac.authorization.k8s.io'
  const cases: readonly [
    what: string,
    input: Partial<RoleBindingInput>,
    errors: readonly string[],
  ][] = [
    [
      'a foreign role',
      { roleRef: { apiGroup: 'a', kind: 'X', name: '' } },
      [
        `roleRef.apiGroup: Unsupported value: "a": supported values: "${group}"`,
        'roleRef.kind: Unsupported value: "X": supported values: "ClusterRole"',
        'roleRef.name: Required value',
      ],
    ],
    [
      'a service account without a namespace',
      { subjects: [{ kind: 'ServiceAccount', name: 'a' }] },
      ['subjects[0].namespace: Required value'],
    ],
    [
      'a service account of a group',
      { subjects: [{ kind: 'ServiceAccount', name: 'a', namespace: 'b', apiGroup: 'c' }] },
      ['subjects[0].apiGroup: Unsupported value: "c": supported values: ""'],
    ],
    [
      'another kind of subject',
      { subjects: [{ kind: 'Pod', name: '' }] },
      [
        'subjects[0].name: Required value',
        'subjects[0].kind: Unsupported value: "Pod": supported values: "ServiceAccount", "User", "Group"',
      ],
    ],
  ]
  for (const [what, input, errors] of cases) {
    test(what, () => {
      const binding = decoded(ClusterRoleBinding, { metadata, roleRef, ...input })
      assert.deepEqual(text(validateBinding(binding, 'cluster')), errors)
    })
  }

  test('what is granted cannot change', () => {
    const old = decoded(RoleBinding, { metadata, roleRef })
    const next = decoded(RoleBinding, { metadata, roleRef: { ...roleRef, name: 'edit' } })
    assert.deepEqual(text(validateBindingUpdate(next, old, 'namespaced')), [
      `roleRef: Invalid value: {"apiGroup":"${group}","kind":"ClusterRole","name":"edit"}: cannot change roleRef`,
    ])
  })
})
