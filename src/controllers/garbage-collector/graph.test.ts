import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigMap } from '#api'
import { seededRandom } from '#base'
import type { KubeObject, OwnerReference } from '#machinery'
import { blockingDependents, hasSolidOwners, OwnershipGraph } from './graph.ts'

function reference(uid: string, more: Partial<OwnerReference> = {}): OwnerReference {
  return { apiVersion: 'v1', kind: 'ConfigMap', name: uid, uid, ...more }
}

function object(
  uid: string,
  ownerReferences: readonly OwnerReference[] = [],
  more: Partial<KubeObject['metadata']> = {},
): KubeObject {
  const metadata = { namespace: 'n', name: uid, uid, ownerReferences, ...more }
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata }
}

class Corner {
  readonly graph = new OwnershipGraph()
  set(...given: Parameters<typeof object>): string[] {
    return [...this.graph.set(object(...given), ConfigMap)].sort()
  }
  delete(uid: string): string[] {
    return [...this.graph.delete(uid)].sort()
  }
  solid(uid: string): boolean | undefined {
    const node = this.graph.get(uid)
    return node && hasSolidOwners(this.graph, node)
  }
}

const foreground = { deletionTimestamp: 't', finalizers: ['foregroundDeletion'] }

describe('OwnershipGraph', () => {
  it('looks at dependents whose owner is not known, and is satisfied when it comes', () => {
    const corner = new Corner()
    assert.deepEqual(corner.set('b', [reference('a')]), ['b'])
    assert.equal(corner.solid('b'), false)
    assert.deepEqual(corner.set('a'), [])
    assert.equal(corner.solid('b'), true)
  })

  it('looks at dependents that meant another object by the uid', () => {
    const corner = new Corner()
    corner.set('b', [reference('a', { name: 'x' })])
    assert.deepEqual(corner.set('a'), ['b'])
    assert.equal(corner.solid('b'), false)
    const other = new Corner()
    other.set('b', [reference('a')])
    assert.deepEqual(other.set('a', [], { namespace: 'elsewhere' }), ['b'])
    assert.equal(other.solid('b'), false)
  })

  it('takes any version of the kind', () => {
    const corner = new Corner()
    corner.set('a')
    assert.deepEqual(corner.set('b', [reference('a', { apiVersion: 'v2' })]), [])
    assert.deepEqual(corner.set('c', [reference('a', { apiVersion: 'apps/v1' })]), ['c'])
  })

  it('looks at the dependents of what is deleted', () => {
    const corner = new Corner()
    corner.set('a')
    corner.set('b', [reference('a')])
    corner.set('c', [reference('a')])
    assert.deepEqual(corner.delete('a'), ['b', 'c'])
    assert.deepEqual(corner.delete('a'), [])
    corner.delete('b')
    corner.delete('c')
    assert.equal(corner.graph.size, 0)
  })

  it('looks at all concerned when a foreground deletion begins, and at the owner as they go', () => {
    const corner = new Corner()
    const blocking = { blockOwnerDeletion: true }
    corner.set('a')
    corner.set('b', [reference('a', blocking)])
    corner.set('c', [reference('a', blocking)])
    corner.set('d', [reference('a')])
    assert.deepEqual(corner.set('a', [], foreground), ['a', 'b', 'c', 'd'])
    const owner = corner.graph.get('a')
    assert.deepEqual(owner && blockingDependents(owner).map(({ uid }) => uid), ['b', 'c'])
    assert.deepEqual(corner.delete('b'), ['a'])
    assert.deepEqual(corner.set('c', [reference('a')]), ['a'])
    assert.deepEqual(owner && blockingDependents(owner), [])
    assert.deepEqual(corner.set('e', [reference('a', blocking)]), ['a', 'e'])
  })

  it('looks at what is to orphan its dependents once', () => {
    const corner = new Corner()
    const orphaning = { deletionTimestamp: 't', finalizers: ['orphan'] }
    corner.set('a')
    corner.set('b', [reference('a')])
    assert.deepEqual(corner.set('a', [], orphaning), ['a'])
    assert.deepEqual(corner.set('a', [], orphaning), [])
    assert.deepEqual(corner.set('b', []), [])
  })

  it('knows after any changes what it would know from their result alone', () => {
    const random = seededRandom(7)
    for (let round = 0; round < 50; round++) {
      const graph = new OwnershipGraph()
      const objects = new Map<string, KubeObject>()
      for (let step = 0; step < 60; step++) {
        const uid = `u${random.integer(8)}`
        if (random.integer(4) === 0) {
          objects.delete(uid)
          graph.delete(uid)
          continue
        }
        const owners = new Set(Array.from({ length: random.integer(4) }, () => random.integer(8)))
        const references = [...owners].map((owner) =>
          reference(`u${owner}`, { blockOwnerDeletion: random.integer(2) === 0 }),
        )
        const next = object(uid, references, random.integer(3) === 0 ? foreground : {})
        objects.set(uid, next)
        graph.set(next, ConfigMap)
      }
      const fresh = new OwnershipGraph()
      for (const each of objects.values()) fresh.set(each, ConfigMap)
      assert.deepEqual(summary(graph), summary(fresh))
    }
  })
})

function summary(graph: OwnershipGraph) {
  return [...graph]
    .map(({ uid, identity, owners, dependents, deletion }) => ({
      uid,
      isThere: identity !== undefined,
      owners: owners.map((owner) => owner.uid),
      dependents: [...dependents].map((dependent) => dependent.uid).sort(),
      deletion,
    }))
    .sort((a, b) => (a.uid < b.uid ? -1 : 1))
}
