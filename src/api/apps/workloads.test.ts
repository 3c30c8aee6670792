import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { formatFieldError, mutable, type FieldError } from '#machinery'
import { prepareForCreate } from '../batch/job-strategy.ts'
import { Job } from '../batch/job.ts'
import { decoded } from '../testing/decoded.ts'
import { DaemonSet } from './daemon-set.ts'
import { validateDeployment, validateDeploymentUpdate } from './deployment-validation.ts'
import { Deployment } from './deployment.ts'
import { validateStatefulSetUpdate } from './stateful-set-validation.ts'
import { StatefulSet } from './stateful-set.ts'

const text = (errors: readonly FieldError[]) => errors.map(formatFieldError)
const selector = { matchLabels: { app: 'a' } }
const containers = [{ name: 'c', image: 'nginx:1' }]
const template = { metadata: { labels: { app: 'a' } }, spec: { containers } }

suite('Deployment', () => {
  const deployment = (spec: object = {}) =>
    decoded(Deployment, { metadata: { name: 'd' }, spec: { selector, template, ...spec } })

  test('defaults', () => {
    const { spec } = deployment()
    assert.deepEqual(spec.strategy, {
      type: 'RollingUpdate',
      rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' },
    })
    assert.equal(spec.replicas, 1)
    assert.equal(spec.revisionHistoryLimit, 10)
    assert.equal(spec.progressDeadlineSeconds, 600)
    assert.deepEqual(deployment({ strategy: { type: 'Recreate' } }).spec.strategy, {
      type: 'Recreate',
    })
    assert.deepEqual(deployment({ strategy: { rollingUpdate: { maxSurge: 1 } } }).spec.strategy, {
      type: 'RollingUpdate',
      rollingUpdate: { maxSurge: 1, maxUnavailable: '25%' },
    })
  })

  const cases: readonly (readonly [object, ...string[]])[] = [
    [{}],
    [{ selector: null }, 'spec.selector: Required value'],
    [
      { selector: {} },
      'spec.selector: Invalid value: {}: empty selector is invalid for deployment',
    ],
    [
      { selector: { matchLabels: { app: 'b' } } },
      'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`',
    ],
    [
      { template: { ...template, spec: { containers, restartPolicy: 'Never' } } },
      'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
    ],
    [
      { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } },
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0',
    ],
    [{ replicas: -1 }, 'spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
  ]
  for (const [spec, ...messages] of cases) {
    test(`${JSON.stringify(spec)} is ${messages.length === 0 ? 'valid' : 'refused'}`, () => {
      assert.deepEqual(text(validateDeployment(deployment(spec))), messages)
    })
  }

  test('the selector stays', () => {
    const next = { matchLabels: { app: 'a', more: 'b' } }
    const labelled = { ...template, metadata: next }
    const errors = validateDeploymentUpdate(
      deployment({
        selector: next,
        template: { ...labelled, metadata: { labels: next.matchLabels } },
      }),
      deployment(),
    )
    assert.deepEqual(text(errors), [
      'spec.selector: Invalid value: {"matchLabels":{"app":"a","more":"b"}}: field is immutable',
    ])
  })
})

test('a StatefulSet changes in few fields', () => {
  const set = (spec: object) =>
    decoded(StatefulSet, {
      metadata: {},
      spec: { selector, template, serviceName: 's', ...spec },
    })
  const old = set({ volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: {} }] })
  assert.deepEqual(old.spec.volumeClaimTemplates?.[0], {
    kind: 'PersistentVolumeClaim',
    apiVersion: 'v1',
    metadata: { name: 'data' },
    spec: { resources: {}, volumeMode: 'Filesystem' },
    status: { phase: 'Pending' },
  })
  assert.deepEqual(validateStatefulSetUpdate(set({ ...old.spec, replicas: 3 }), old), [])
  assert.deepEqual(text(validateStatefulSetUpdate(set({ ...old.spec, serviceName: 't' }), old)), [
    "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
  ])
})

test('a DaemonSet is updated one node at a time', () => {
  const { spec } = decoded(DaemonSet, { metadata: {}, spec: { selector, template } })
  assert.deepEqual(spec.updateStrategy, {
    type: 'RollingUpdate',
    rollingUpdate: { maxUnavailable: 1, maxSurge: 0 },
  })
})

test('a Job selects its pods by its uid', () => {
  const job = mutable(
    decoded(Job, {
      metadata: { name: 'j', uid: 'u' },
      spec: { template: { spec: { containers, restartPolicy: 'Never' } } },
    }),
  )
  assert.equal(job.spec.completions, 1)
  assert.equal(job.spec.parallelism, 1)
  assert.equal(job.spec.backoffLimit, 6)
  assert.equal(job.spec.podReplacementPolicy, 'TerminatingOrFailed')
  prepareForCreate(job)
  assert.deepEqual(job.spec.selector, {
    matchLabels: { 'batch.kubernetes.io/controller-uid': 'u' },
  })
  assert.deepEqual(job.spec.template.metadata.labels, {
    'job-name': 'j',
    'controller-uid': 'u',
    'batch.kubernetes.io/job-name': 'j',
    'batch.kubernetes.io/controller-uid': 'u',
  })
  assert.deepEqual(job.metadata.labels, job.spec.template.metadata.labels)
})
