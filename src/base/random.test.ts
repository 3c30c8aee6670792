import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomSuffix, realRandom, seededRandom } from './random.ts'

test('the same seed gives the same sequence, another one another', () => {
  const sample = (seed: number) => {
    const random = seededRandom(seed)
    return [random.uuid(), random.integer(1000), random.fraction(), randomSuffix(random, 5)]
  }
  assert.deepEqual(sample(7), sample(7))
  assert.notDeepEqual(sample(7), sample(8))
})

test('uuids are version 4 and do not repeat', () => {
  const uuids = Array.from({ length: 2000 }, () => realRandom.uuid())
  assert.equal(new Set(uuids).size, uuids.length)
  for (const uuid of uuids) {
    assert.match(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  }
})

test('bytes longer than a block come whole, and blocks are not handed out twice', () => {
  assert.equal(realRandom.bytes(10_000).length, 10_000)
  const seen = new Set<string>()
  for (let i = 0; i < 600; i++) seen.add(Buffer.from(realRandom.bytes(16)).toString('hex'))
  assert.equal(seen.size, 600)
})

test('integers stay below their bound and reach every value', () => {
  const random = seededRandom(3)
  const seen = new Set<number>()
  for (let i = 0; i < 500; i++) seen.add(random.integer(7))
  assert.deepEqual(
    [...seen].sort((a, b) => a - b),
    [0, 1, 2, 3, 4, 5, 6],
  )
  assert.throws(() => random.integer(0))
})
