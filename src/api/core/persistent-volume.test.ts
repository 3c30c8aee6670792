import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { formatFieldError, mutable, type FieldError } from '#machinery'
import { decoded } from '../testing/decoded.ts'
import { PersistentVolume, type PersistentVolumeInput } from './persistent-volume.ts'
import { prepareForCreate, prepareForStatusUpdate } from './persistent-volume-strategy.ts'
import {
  validatePersistentVolume,
  validatePersistentVolumeUpdate,
} from './persistent-volume-validation.ts'

const text = (errors: readonly FieldError[]) => errors.map(formatFieldError)
type Spec = NonNullable<PersistentVolumeInput['spec']>
const complete: Spec = {
  accessModes: ['ReadWriteOnce'],
  capacity: { storage: '1Gi' },
  hostPath: { path: '/data' },
}
const volume = (change: Spec = {}) =>
  decoded(PersistentVolume, { metadata: {}, spec: { ...complete, ...change } })
const context = {
  nowMs: 1_767_225_600_000,
  subresource: '',
  user: { name: '', uid: '', groups: [], extra: {} },
}
const now = '2026-01-01T00:00:00Z'

suite('PersistentVolume', () => {
  const cases: readonly [what: string, object: PersistentVolume, errors: readonly string[]][] = [
    ['complete', volume(), []],
    [
      'nothing',
      decoded(PersistentVolume, { metadata: {} }),
      [
        'spec.accessModes: Required value',
        'spec.capacity: Required value',
        'spec.capacity: Unsupported value: {}: supported values: "storage"',
        'spec: Required value: must specify a volume type',
      ],
    ],
    [
      'two kinds',
      volume({ nfs: { server: 's', path: '/' } }),
      ['spec.nfs: Forbidden: may not specify more than 1 volume type'],
    ],
    [
      'no room',
      volume({ capacity: { storage: '0' } }),
      ['spec.capacity[storage]: Invalid value: "0": must be greater than zero'],
    ],
    [
      'the host itself, wiped',
      volume({ hostPath: { path: '/' }, persistentVolumeReclaimPolicy: 'Recycle' }),
      [
        "spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'",
      ],
    ],
    [
      'for one pod, and for others',
      volume({ accessModes: ['ReadWriteOncePod', 'ReadWriteOnce'] }),
      ['spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes'],
    ],
    [
      'somewhere local',
      decoded(PersistentVolume, {
        metadata: {},
        spec: {
          accessModes: ['ReadWriteOnce'],
          capacity: { storage: '1' },
          local: { path: '/a/../b' },
        },
      }),
      [
        `spec.local.path: Invalid value: "/a/../b": must not contain '..'`,
        'spec.nodeAffinity: Required value: Local volume requires node affinity',
      ],
    ],
  ]
  for (const [what, object, errors] of cases) {
    test(what, () => {
      assert.deepEqual(text(validatePersistentVolume(object)).toSorted(), errors.toSorted())
    })
  }

  test('what it is stays', () => {
    const next = volume({ hostPath: { path: '/other' }, volumeMode: 'Block' })
    assert.deepEqual(text(validatePersistentVolumeUpdate(next, volume())), [
      'spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation',
      'spec.volumeMode: Invalid value: "Block": field is immutable',
    ])
    const retained = volume({ persistentVolumeReclaimPolicy: 'Delete', capacity: { storage: '2' } })
    assert.deepEqual(validatePersistentVolumeUpdate(retained, volume()), [])
  })

  test('secrets for its expansion can be added', () => {
    const csi = { driver: 'example.com', volumeHandle: 'v' }
    const spec = { accessModes: complete.accessModes, capacity: complete.capacity, csi }
    const old = decoded(PersistentVolume, { metadata: {}, spec })
    const nodeExpandSecretRef = { name: 's', namespace: 'n' }
    const next = decoded(PersistentVolume, {
      metadata: {},
      spec: { ...spec, csi: { ...csi, nodeExpandSecretRef } },
    })
    assert.deepEqual(validatePersistentVolumeUpdate(next, old), [])
    assert.equal(validatePersistentVolumeUpdate(old, next).length, 1)
  })

  test('phases are dated', () => {
    const draft = mutable(volume())
    prepareForCreate(draft, context)
    assert.deepEqual(draft.status, { phase: 'Pending', lastPhaseTransitionTime: now })
    const old = mutable(draft)
    const later = { ...context, nowMs: context.nowMs + 1000 }
    draft.status.phase = 'Bound'
    prepareForStatusUpdate(draft, old, later)
    assert.equal(draft.status.lastPhaseTransitionTime, '2026-01-01T00:00:01Z')
    const same = mutable(old)
    delete same.status.lastPhaseTransitionTime
    prepareForStatusUpdate(same, old, later)
    assert.equal(same.status.lastPhaseTransitionTime, now)
  })
})
