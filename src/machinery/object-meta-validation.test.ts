import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatFieldError } from './field-error.ts'
import { FieldPath } from './field-path.ts'
import { nameIsDNSSubdomain } from './names-validation.ts'
import * as rules from './object-meta-validation.ts'
import type { ObjectMeta } from './object-meta.ts'

const namespaced = { namespaced: true, validateName: nameIsDNSSubdomain }
const valid: ObjectMeta = { name: 'a', namespace: 'default' }

function problems(meta: ObjectMeta): string[] {
  return rules.validateObjectMeta(meta, namespaced).map(formatFieldError)
}

function updateProblems(meta: ObjectMeta, old: ObjectMeta): string[] {
  return rules.validateObjectMetaUpdate(meta, old).map(formatFieldError)
}

test('a new object needs a name and the right kind of namespace', () => {
  assert.deepEqual(problems(valid), [])
  assert.deepEqual(problems({ namespace: 'default' }), [
    'metadata.name: Required value: name or generateName is required',
  ])
  assert.deepEqual(problems({ name: 'a' }), ['metadata.namespace: Required value'])
  assert.match(problems({ ...valid, namespace: 'a.b' }).join(), /must not contain dots$/)
  assert.match(
    problems({ ...valid, name: 'A' }).join(),
    /^metadata.name: Invalid value: "A": a low/,
  )
  assert.deepEqual(problems({ ...valid, generateName: 'a-' }), [])
  assert.match(problems({ ...valid, generateName: '-' }).join(), /^metadata.generateName: Invalid/)
  const clusterScoped = rules.validateObjectMeta(valid, { ...namespaced, namespaced: false })
  assert.deepEqual(clusterScoped.map(formatFieldError), [
    'metadata.namespace: Forbidden: not allowed on this type',
  ])
})

test('labels, annotations and finalizers have their formats', () => {
  assert.match(problems({ ...valid, labels: { '-': 'x' } }).join(), /^metadata.labels: Invalid/)
  assert.match(problems({ ...valid, labels: { a: '-' } }).join(), /"-": a valid label must be/)
  assert.deepEqual(problems({ ...valid, annotations: { 'Example.COM/A': '!' } }), [])
  assert.match(
    problems({ ...valid, annotations: { '': '' } }).join(),
    /name part must be non-empty/,
  )
  assert.deepEqual(problems({ ...valid, annotations: { a: 'x'.repeat(256 * 1024) } }), [
    'metadata.annotations: Too long: may not be more than 262144 bytes',
  ])
  assert.deepEqual(problems({ ...valid, finalizers: ['orphan', 'foregroundDeletion'] }), [
    'metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: finalizer orphan and foregroundDeletion cannot be both set',
  ])
  assert.match(problems({ ...valid, finalizers: ['-'] }).join(), /^metadata.finalizers: Invalid/)
})

test('owner references are complete and one controls', () => {
  const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u', controller: true }
  assert.deepEqual(problems({ ...valid, ownerReferences: [owner] }), [])
  const empty = { apiVersion: '', kind: '', name: '', uid: '' }
  assert.deepEqual(problems({ ...valid, ownerReferences: [empty] }), [
    'metadata.ownerReferences.apiVersion: Invalid value: "": version must not be empty',
    'metadata.ownerReferences.kind: Invalid value: "": must not be empty',
    'metadata.ownerReferences.name: Invalid value: "": must not be empty',
    'metadata.ownerReferences.uid: Invalid value: "": must not be empty',
  ])
  const two = problems({ ...valid, ownerReferences: [owner, { ...owner, name: 'q' }] })
  assert.match(two.join(), /Found "true" in references for Pod\/p and Pod\/q$/)
  const event = { ...owner, kind: 'Event' }
  assert.match(
    problems({ ...valid, ownerReferences: [event] }).join(),
    /\/v1, Kind=Event is disallowed from being an owner$/,
  )
})

test('managed fields are well formed', () => {
  assert.deepEqual(
    problems({
      ...valid,
      managedFields: [
        { manager: 'm', operation: 'Apply', fieldsType: 'FieldsV1' },
        { manager: 'x\u0007', operation: 'Update', fieldsType: 'X' },
        { manager: 'm'.repeat(129), operation: 'Update', subresource: 's'.repeat(257) },
      ],
    }),
    [
      'metadata.managedFields[1].fieldsType: Invalid value: "X": must be `FieldsV1`',
      'metadata.managedFields[1].manager: Invalid value: "x\\a": invalid character U+0007 (at position 1)',
      'metadata.managedFields[2].manager: Too long: may not be more than 128 bytes',
      'metadata.managedFields[2].subresource: Too long: may not be more than 256 bytes',
    ],
  )
})

test('an update keeps what identifies the object', () => {
  const old: ObjectMeta = {
    ...valid,
    uid: 'u',
    resourceVersion: '1',
    generation: 2,
    creationTimestamp: '2026-01-01T00:00:00Z',
  }
  assert.deepEqual(updateProblems(old, old), [])
  assert.deepEqual(updateProblems({ ...old, name: 'b', uid: 'v' }, old), [
    'metadata.name: Invalid value: "b": field is immutable',
    'metadata.uid: Invalid value: "v": field is immutable',
  ])
  assert.deepEqual(updateProblems({ ...old, resourceVersion: '', generation: 1 }, old), [
    'metadata.resourceVersion: Invalid value: "": must be specified for an update',
    'metadata.generation: Invalid value: 1: must not be decremented',
  ])
  assert.deepEqual(updateProblems({ ...old, deletionTimestamp: '2026-01-01T00:00:00Z' }, old), [
    'metadata.deletionTimestamp: Invalid value: "2026-01-01T00:00:00Z": field is immutable',
  ])
})

test('an object being deleted gets no new finalizers', () => {
  const old: ObjectMeta = {
    ...valid,
    resourceVersion: '1',
    deletionTimestamp: '2026-01-01T00:00:00Z',
    finalizers: ['x'],
  }
  assert.deepEqual(updateProblems({ ...old, finalizers: [] }, old), [])
  assert.deepEqual(updateProblems({ ...old, finalizers: ['x', 'b', 'a'] }, old), [
    'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"a", "b"}',
  ])
})

test('options have few values', () => {
  const path = FieldPath.root('dryRun')
  assert.deepEqual(rules.validateDryRun(['All'], path), [])
  assert.deepEqual(rules.validateDryRun(['x'], path).map(formatFieldError), [
    'dryRun: Unsupported value: ["x"]: supported values: "All"',
  ])
  assert.deepEqual(
    rules.validateFieldValidation('x', FieldPath.root('fieldValidation')).map(formatFieldError),
    ['fieldValidation: Unsupported value: "x": supported values: "", "Ignore", "Strict", "Warn"'],
  )
})
