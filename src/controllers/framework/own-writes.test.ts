import assert from 'node:assert/strict'
import { it } from 'node:test'
import { OwnWrites } from './own-writes.ts'

const version = (resourceVersion: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', uid: 'u', resourceVersion },
})

it('a state that was written is read until the informer has one as new', () => {
  const own = new OwnWrites()
  const written = own.wrote(version('10'))
  assert.equal(own.newest(version('9')), written)
  const seen = version('10')
  assert.equal(own.newest(seen), seen)
  const old = version('9')
  assert.equal(own.newest(old), old, 'once it was seen, it is forgotten')
})

it('an object that is gone has no state', () => {
  const own = new OwnWrites()
  own.wrote(version('10'))
  const before = version('9')
  own.forget(before)
  assert.equal(own.newest(before), before)
})
