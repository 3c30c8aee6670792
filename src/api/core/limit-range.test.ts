import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decoded } from '../testing/decoded.ts'
import { LimitRange } from './limit-range.ts'

test('the limits of containers follow from each other', () => {
  const range = decoded(LimitRange, {
    metadata: {},
    spec: { limits: [{ type: 'Container', max: { cpu: '2' }, min: { memory: '1Mi' } }] },
  })
  assert.deepEqual(range.spec.limits?.[0], {
    type: 'Container',
    max: { cpu: '2' },
    min: { memory: '1Mi' },
    default: { cpu: '2' },
    defaultRequest: { cpu: '2', memory: '1Mi' },
  })
})
