import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { formatFieldError, mutable, type WholeDraft } from '#machinery'
import { decoded } from '../testing/decoded.ts'
import {
  deletionGrace,
  prepareForCreate,
  prepareForResize,
  validateEphemeralContainersUpdate,
  validateResize,
} from './pod-strategy.ts'
import { validatePod, validatePodUpdate } from './pod-validation.ts'
import { Pod, type PodSchema } from './pod.ts'

type Draft = WholeDraft<typeof PodSchema>

const pod = (change: (draft: Draft) => void = () => {}): Draft => {
  const draft = mutable(
    decoded(Pod, {
      metadata: { name: 'p', namespace: 'n' },
      spec: {
        containers: [{ name: 'c', image: 'nginx:1', ports: [{ containerPort: 80 }] }],
        volumes: [{ name: 'v' }],
      },
    }),
  )
  change(draft)
  return draft
}

const first = (draft: Draft) => {
  const container = draft.spec.containers?.[0]
  assert.ok(container)
  return container
}

suite('validation of pods', () => {
  const cases: readonly (readonly [(draft: Draft) => void, ...string[]])[] = [
    [() => {}],
    [(p) => (p.spec.containers = []), 'spec.containers: Required value'],
    [
      (p) => (first(p).name = 'C'),
      "spec.containers[0].name: Invalid value: \"C\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
    ],
    [(p) => delete first(p).image, 'spec.containers[0].image: Required value'],
    [
      (p) => (first(p).volumeMounts = [{ name: 'w', mountPath: '/w' }]),
      'spec.containers[0].volumeMounts[0].name: Not found: "w"',
    ],
    [
      (p) => (first(p).resources = { requests: { cpu: '2' }, limits: { cpu: '1' } }),
      'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
    ],
    [
      (p) => (p.spec.volumes = [{ name: 'v' }]),
      'spec.volumes[0]: Required value: must specify a volume type',
    ],
    [
      (p) => (p.spec.tolerations = [{ operator: 'Equal' }]),
      'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
    ],
    [
      (p) => (first(p).livenessProbe = { ...probe, successThreshold: 2 }),
      'spec.containers[0].livenessProbe: Required value: must specify a handler type',
      'spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1',
    ],
    [
      (p) =>
        (first(p).env = [
          { name: 'A', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'x' } } },
        ]),
      'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "x": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"',
    ],
    [
      (p) => Object.assign(p.spec, { restartPolicy: 'Sometimes' }),
      'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
    ],
  ]
  for (const [change, ...messages] of cases) {
    test(messages[0] ?? 'a plain pod is valid', () => {
      assert.deepEqual(validatePod(pod(change)).map(formatFieldError), messages)
    })
  }
})

const probe = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 }

suite('updates of pods', () => {
  test('images and deadlines may change, other things not', () => {
    const old = pod()
    assert.deepEqual(
      validatePodUpdate(
        pod((p) => (first(p).image = 'nginx:2')),
        old,
      ),
      [],
    )
    assert.deepEqual(
      validatePodUpdate(
        pod((p) => (p.spec.activeDeadlineSeconds = 5)),
        old,
      ),
      [],
    )
    const moved = validatePodUpdate(
      pod((p) => (p.spec.nodeName = 'other')),
      old,
    )
    assert.equal(
      moved.map(formatFieldError).join().split('\n')[0],
      'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
    )
  })

  test('containers may not be added', () => {
    const more = pod((p) => p.spec.containers?.push({ ...first(p), name: 'd' }))
    assert.deepEqual(validatePodUpdate(more, pod()).map(formatFieldError), [
      'spec.containers: Forbidden: pod updates may not add or remove containers',
    ])
  })

  test('ephemeral containers may be added, not changed', () => {
    const debug = {
      name: 'debug',
      image: 'busybox',
      resources: {},
      terminationMessagePath: '/dev/termination-log',
      terminationMessagePolicy: 'File',
      imagePullPolicy: 'Always',
    } as const
    const old = pod((p) => (p.spec.ephemeralContainers = [debug]))
    const more = pod((p) => (p.spec.ephemeralContainers = [debug, { ...debug, name: 'e' }]))
    assert.deepEqual(validateEphemeralContainersUpdate(more, old), [])
    assert.deepEqual(validateEphemeralContainersUpdate(old, more).map(formatFieldError), [
      'spec.ephemeralContainers: Forbidden: existing ephemeral containers "e" may not be removed\n',
    ])
  })

  test('a resize takes only resources and keeps the class', () => {
    const old = pod((p) => (first(p).resources = { requests: { cpu: '1' } }))
    const draft = pod((p) => {
      first(p).resources = { requests: { cpu: '2' } }
      first(p).image = 'other'
    })
    prepareForResize(draft, old)
    assert.equal(first(draft).image, 'nginx:1')
    assert.deepEqual(first(draft).resources, { requests: { cpu: '2' } })
    assert.deepEqual(validateResize(draft, old), [])
    first(draft).resources = {}
    assert.deepEqual(validateResize(draft, old).map(formatFieldError), [
      'spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing',
      'spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed',
    ])
  })
})

test('a new pod is pending and of a class', () => {
  const draft = pod()
  prepareForCreate(draft)
  assert.deepEqual(draft.status, { phase: 'Pending', qosClass: 'BestEffort' })
})

test('only a pod that may be running gets time to end', () => {
  assert.equal(deletionGrace(pod(), 10), 0)
  const bound = pod((p) => (p.spec.nodeName = 'n'))
  assert.equal(deletionGrace(bound, undefined), 30)
  assert.equal(deletionGrace(bound, 5), 5)
  assert.equal(deletionGrace(bound, -1), 1)
  assert.equal(
    deletionGrace(
      pod((p) => ((p.spec.nodeName = 'n'), (p.status.phase = 'Failed'))),
      5,
    ),
    0,
  )
})
