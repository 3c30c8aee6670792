import assert from 'node:assert/strict'
import { test } from 'node:test'
import { foreignAmounts } from './node-object.ts'

type Amounts = Readonly<Record<string, string>>

test('what others put into a node’s capacity can be had until they take it away', () => {
  const own = { cpu: '2' }
  const table: readonly [Amounts, Amounts, object][] = [
    [{ cpu: '2' }, { cpu: '2' }, {}],
    [{ cpu: '4' }, { cpu: '2' }, {}],
    [{ 'example.com/fake': '5' }, {}, { 'example.com/fake': '5' }],
    [{ 'example.com/fake': '5' }, { 'example.com/fake': '5' }, {}],
    [{}, { cpu: '2', 'example.com/fake': '5' }, { 'example.com/fake': null }],
  ]
  for (const [capacity, allocatable, expected] of table) {
    assert.deepEqual(foreignAmounts({ capacity, allocatable }, own), expected)
  }
})
