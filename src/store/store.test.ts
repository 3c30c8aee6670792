import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { compareUtf8 } from '#base'
import { prefixEnd } from './store.ts'

test('the end of a prefix is above what begins with it and not above what follows', () => {
  assert.equal(prefixEnd('/registry/pods/'), '/registry/pods0')
  assert.equal(prefixEnd('a~'), 'a\u007f')
  assert.equal(prefixEnd('é'), 'ê')
  assert.equal(prefixEnd('a\ud7ff'), 'a\ue000')
  assert.equal(prefixEnd('a\u{10ffff}'), 'b')
  assert.equal(prefixEnd(''), '\0')
  const text = fc.string({ unit: 'binary', minLength: 1 })
  fc.assert(
    fc.property(text, fc.string({ unit: 'binary' }), text, (prefix, rest, other) => {
      const end = prefixEnd(prefix)
      if (end === '\0') return
      assert.ok(compareUtf8(prefix + rest, end) < 0)
      const isAbove = compareUtf8(other, prefix) > 0 && !other.startsWith(prefix)
      if (isAbove) assert.ok(compareUtf8(other, end) >= 0)
    }),
  )
})
