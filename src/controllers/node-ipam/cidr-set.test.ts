import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CidrSet } from './cidr-set.ts'

describe('CidrSet', () => {
  it('gives parts in order, and what was released only after all others', () => {
    const set = new CidrSet('10.42.0.0/22', 24)
    assert.equal(set.size, 4)
    assert.equal(set.allocate(), '10.42.0.0/24')
    assert.equal(set.allocate(), '10.42.1.0/24')
    set.release('10.42.0.0/24')
    assert.equal(set.allocate(), '10.42.2.0/24')
    assert.equal(set.allocate(), '10.42.3.0/24')
    assert.equal(set.allocate(), '10.42.0.0/24')
    assert.equal(set.allocate(), undefined)
  })

  it('divides IPv6, and between bytes', () => {
    const six = new CidrSet('fd42::/60', 64)
    assert.deepEqual([six.allocate(), six.allocate()], ['fd42::/64', 'fd42:0:0:1::/64'])
    const four = new CidrSet('10.0.0.0/20', 22)
    assert.deepEqual([four.allocate(), four.allocate()], ['10.0.0.0/22', '10.0.4.0/22'])
    assert.equal(new CidrSet('10.0.0.0/24', 24).allocate(), '10.0.0.0/24')
  })

  it('leaves out what is occupied, whatever its size', () => {
    const set = new CidrSet('10.42.0.0/21', 24)
    assert.equal(set.occupy('10.42.0.0/23'), true)
    assert.equal(set.occupy('10.42.2.128/25'), true)
    assert.equal(set.occupy('10.43.0.0/16'), false)
    assert.equal(set.occupy('fd42::/64'), false)
    assert.equal(set.occupy('no prefix'), false)
    assert.equal(set.allocate(), '10.42.3.0/24')
    assert.equal(set.occupy('10.0.0.0/8'), true)
    assert.equal(set.allocate(), undefined)
    set.release('10.0.0.0/8')
    assert.equal(set.allocate(), '10.42.4.0/24')
  })

  it('keeps what two have until both gave it back', () => {
    const set = new CidrSet('10.42.0.0/24', 24)
    set.occupy('10.42.0.0/24')
    set.occupy('10.42.0.0/24')
    set.release('10.42.0.0/24')
    assert.equal(set.allocate(), undefined)
    set.release('10.42.0.0/24')
    assert.equal(set.allocate(), '10.42.0.0/24')
    assert.throws(() => {
      set.release('10.42.0.0/24')
      set.release('10.42.0.0/24')
    }, /was taken/)
  })

  it('refuses what cannot be divided', () => {
    assert.throws(() => new CidrSet('10.42.0.0', 24), /no prefix/)
    assert.throws(() => new CidrSet('10.42.0.0/25', 24), /no parts/)
    assert.throws(() => new CidrSet('10.42.0.0/25', 33), /no parts/)
    assert.throws(() => new CidrSet('fd42::/32', 64), /too many/)
  })
})
