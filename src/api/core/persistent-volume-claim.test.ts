import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { formatFieldError, type FieldError } from '#machinery'
import { decoded } from '../testing/decoded.ts'
import {
  validatePersistentVolumeClaim,
  validatePersistentVolumeClaimUpdate,
} from './persistent-volume-claim-validation.ts'
import { PersistentVolumeClaim } from './persistent-volume-claim.ts'

const text = (errors: readonly FieldError[]) => errors.map(formatFieldError)
const claim = (spec: object, status: object = {}) =>
  decoded(PersistentVolumeClaim, {
    metadata: {},
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      ...spec,
    },
    status,
  })

suite('PersistentVolumeClaim', () => {
  test('a claim says how and how much', () => {
    assert.deepEqual(validatePersistentVolumeClaim(claim({})), [])
    const nothing = claim({ accessModes: [], resources: {} })
    assert.deepEqual(text(validatePersistentVolumeClaim(nothing)), [
      'spec.accessModes: Required value: at least 1 access mode is required',
      'spec.resources[storage]: Required value',
    ])
  })

  test('it finds its volume and class once', () => {
    const found = claim({ volumeName: 'v', storageClassName: 's' })
    assert.deepEqual(validatePersistentVolumeClaimUpdate(found, claim({})), [])
    const other = claim({ volumeName: 'w', storageClassName: 's' })
    assert.deepEqual(text(validatePersistentVolumeClaimUpdate(other, found)), [
      'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
    ])
  })

  test('it grows once bound, and does not shrink below what there is', () => {
    const sized = (storage: string) => ({ resources: { requests: { storage } } })
    const bound = claim({}, { phase: 'Bound', capacity: { storage: '1Gi' } })
    assert.deepEqual(validatePersistentVolumeClaimUpdate(claim(sized('2Gi')), bound), [])
    assert.equal(validatePersistentVolumeClaimUpdate(claim(sized('2Gi')), claim({})).length, 1)
    assert.deepEqual(text(validatePersistentVolumeClaimUpdate(claim(sized('500Mi')), bound)), [
      'spec.resources.requests.storage: Forbidden: field can not be less than status.capacity',
    ])
  })
})
