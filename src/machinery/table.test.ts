import assert from 'node:assert/strict'
import { test } from 'node:test'
import { age, ageColumn, humanDuration } from './table.ts'

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

test('durations are printed for people as upstream does', () => {
  const rows: [number, string][] = [
    [-2 * second, '<invalid>'],
    [-1999, '0s'],
    [-1, '0s'],
    [0, '0s'],
    [999, '0s'],
    [119 * second, '119s'],
    [2 * minute, '2m'],
    [2 * minute + 3 * second, '2m3s'],
    [10 * minute + 3 * second, '10m'],
    [179 * minute, '179m'],
    [3 * hour, '3h'],
    [3 * hour + 5 * minute, '3h5m'],
    [8 * hour + 5 * minute, '8h'],
    [47 * hour, '47h'],
    [2 * day, '2d'],
    [5 * day + 2 * hour, '5d2h'],
    [8 * day + 2 * hour, '8d'],
    [729 * day, '729d'],
    [730 * day, '2y'],
    [760 * day, '2y30d'],
    [8 * 365 * day, '8y'],
  ]
  for (const [ms, text] of rows) assert.equal(humanDuration(ms), text)
})

test('an object without a time of creation has no known age', () => {
  const nowMs = 1_767_225_660_000
  assert.equal(age('2026-01-01T00:00:00Z', nowMs), '60s')
  assert.equal(age(undefined, nowMs), '<unknown>')
  assert.equal(ageColumn.value({ metadata: {} }, { nowMs }), '<unknown>')
})
