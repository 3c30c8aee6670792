import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { compareUtf8, OrderedMap } from './ordered-map.ts'

const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))

/** Few enough keys that deletes and overwrites hit, with every width of UTF-8 among them. */
const keys = fc.oneof(
  fc.integer({ min: 0, max: 400 }).map((n) => `/registry/pods/${n}`),
  fc.constantFrom('', 'a', 'é', '\uffee', '\u{1f600}', '\u{1f600}a', 'k/\ue000', 'k/\u{10000}'),
)

const changes = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ type: fc.constant('set' as const), key: keys }) },
    { weight: 3, arbitrary: fc.record({ type: fc.constant('delete' as const), key: keys }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('snapshot' as const), key: keys }) },
  ),
  { maxLength: 1500, size: 'max' },
)

function sorted(model: Map<string, number>): [string, number][] {
  return [...model].sort(([a], [b]) => byBytes(a, b))
}

test('compares as the bytes of UTF-8 do', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
      assert.equal(Math.sign(compareUtf8(a, b)), Math.sign(byBytes(a, b)))
    }),
  )
})

test('behaves as a sorted map does, and snapshots stay as they were', () => {
  fc.assert(
    fc.property(changes, keys, keys, (steps, start, end) => {
      const model = new Map<string, number>()
      const editor = OrderedMap.empty<number>().edit()
      const snapshots: { map: OrderedMap<number>; expected: [string, number][] }[] = []
      for (const [i, step] of steps.entries()) {
        if (step.type === 'set') {
          editor.set(step.key, i)
          model.set(step.key, i)
        } else if (step.type === 'delete') {
          assert.equal(editor.delete(step.key), model.delete(step.key))
        } else if (snapshots.length < 10) {
          snapshots.push({ map: editor.snapshot(), expected: sorted(model) })
        }
        assert.equal(editor.size, model.size)
      }
      snapshots.push({ map: editor.snapshot(), expected: sorted(model) })
      for (const { map, expected } of snapshots) {
        map.checkInvariants()
        assert.deepEqual([...map.entries()], expected)
        const within = expected.filter(([k]) => byBytes(k, start) >= 0 && byBytes(k, end) < 0)
        assert.deepEqual([...map.entries(start, end)], within)
        assert.deepEqual(
          map.slice(start, end, 3),
          within.slice(0, 3).map(([, value]) => value),
        )
        assert.equal(map.count(start, end), within.length)
        assert.equal(map.rank(start), expected.filter(([k]) => byBytes(k, start) < 0).length)
        const middle = Math.floor(expected.length / 2)
        assert.deepEqual(map.at(middle), expected[middle])
        for (const [key, value] of within) assert.equal(map.get(key), value)
      }
    }),
    { numRuns: 60 },
  )
})

test('single changes return new maps and leave the old one', () => {
  const one = OrderedMap.empty<number>().set('a', 1)
  const two = one.set('b', 2)
  const three = two.delete('a')
  assert.deepEqual([...one.entries()], [['a', 1]])
  assert.deepEqual(two.slice(''), [1, 2])
  assert.deepEqual([...three.values()], [2])
  assert.equal(three.delete('nothing'), three)
  assert.equal(two.has('a'), true)
  assert.equal(three.has('a'), false)
  assert.equal(three.at(1), undefined)
})

test('holds many keys inserted and removed in any order', () => {
  const editor = OrderedMap.empty<number>().edit()
  const name = (n: number) => String(n).padStart(6, '0')
  for (let i = 0; i < 20_000; i++) editor.set(name(i), i)
  const full = editor.snapshot()
  full.checkInvariants()
  assert.equal(full.count(name(5_000), name(15_000)), 10_000)
  for (let i = 0; i < 20_000; i++) editor.delete(name((i * 7_919) % 20_000))
  const none = editor.snapshot()
  none.checkInvariants()
  assert.equal(none.size, 0)
  assert.equal(full.size, 20_000)
})
