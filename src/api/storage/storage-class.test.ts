import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { formatFieldError, type FieldError } from '#machinery'
import { decoded } from '../testing/decoded.ts'
import { StorageClass, type StorageClassInput } from './storage-class.ts'
import { validateStorageClass, validateStorageClassUpdate } from './storage-class-validation.ts'

const text = (errors: readonly FieldError[]) => errors.map(formatFieldError)
const storage = (input: Partial<StorageClassInput>) =>
  decoded(StorageClass, { metadata: {}, provisioner: 'example.com/disk', ...input })

suite('StorageClass', () => {
  test('defaults', () => {
    const { reclaimPolicy, volumeBindingMode } = storage({})
    assert.deepEqual([reclaimPolicy, volumeBindingMode], ['Delete', 'Immediate'])
    assert.deepEqual(validateStorageClass(storage({})), [])
  })

  test('who provides, and what happens to volumes', () => {
    assert.deepEqual(
      text(validateStorageClass(storage({ provisioner: '', reclaimPolicy: 'Recycle' }))),
      [
        'provisioner: Required value',
        'reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"',
      ],
    )
  })

  test('only the expansion of volumes can change', () => {
    const old = storage({ parameters: { type: 'fast' } })
    const expanding = storage({ parameters: { type: 'fast' }, allowVolumeExpansion: true })
    assert.deepEqual(validateStorageClassUpdate(expanding, old), [])
    const other = storage({
      provisioner: 'example.com/tape',
      reclaimPolicy: 'Retain',
      volumeBindingMode: 'WaitForFirstConsumer',
    })
    assert.deepEqual(text(validateStorageClassUpdate(other, old)), [
      'parameters: Forbidden: updates to parameters are forbidden.',
      'provisioner: Forbidden: updates to provisioner are forbidden.',
      'reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden.',
      'volumeBindingMode: Invalid value: "WaitForFirstConsumer": field is immutable',
    ])
  })
})
