import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { silentLog, type Log } from '#base'
import { deepFreeze, parseLabelSelector, type KubeObject } from '#machinery'
import { objectKey, splitKey } from './informer.ts'
import { SharedInformer } from './shared-informer.ts'

const object = (name: string, version: number, more: object = {}): KubeObject =>
  deepFreeze({
    apiVersion: 'v1',
    kind: 'Thing',
    metadata: {
      name,
      namespace: 'ns',
      uid: `uid-${name}`,
      resourceVersion: String(version),
      ...more,
    },
  }) as KubeObject

function informer(log: Log = silentLog): SharedInformer<KubeObject> {
  return new SharedInformer({ namespaced: true, managedFields: false, log })
}

const nodeOf = ({ metadata }: KubeObject) => {
  const node = metadata.labels?.['node']
  return node === undefined ? [] : [node]
}

describe('keys', () => {
  it('are namespace/name, or the name', () => {
    assert.equal(objectKey({ metadata: { namespace: 'a', name: 'b' } }), 'a/b')
    assert.equal(objectKey({ metadata: { name: 'b' } }), 'b')
    assert.deepEqual(splitKey('a/b'), { namespace: 'a', name: 'b' })
    assert.deepEqual(splitKey('b'), { namespace: '', name: 'b' })
  })
})

describe('indices', () => {
  it('follow the objects, whether added before or after them', () => {
    const things = informer()
    things.addIndex('early', nodeOf)
    things.set(object('a', 1, { labels: { node: 'n1' } }))
    things.set(object('b', 2, { labels: { node: 'n1' } }))
    things.addIndex('late', nodeOf)
    const names = (index: string, value: string) =>
      things.lister.byIndex(index, value).map(({ metadata }) => metadata.name)
    for (const index of ['early', 'late']) assert.deepEqual(names(index, 'n1'), ['a', 'b'])
    things.set(object('a', 3, { labels: { node: 'n2' } }))
    things.set(object('b', 4, { labels: { node: 'n1', more: 'x' } }))
    for (const index of ['early', 'late']) {
      assert.deepEqual(names(index, 'n1'), ['b'])
      assert.deepEqual(names(index, 'n2'), ['a'])
    }
    things.delete(object('a', 5))
    assert.deepEqual(names('late', 'n2'), [])
    things.addIndex('early', nodeOf)
    assert.throws(() => things.addIndex('early', () => []), TypeError)
    assert.throws(() => things.lister.byIndex('none', ''), TypeError)
  })
})

describe('a lister', () => {
  it('lists by namespace and labels, arrays of the caller’s own', () => {
    const things = informer()
    things.set(object('a', 1, { labels: { app: 'x' } }))
    things.set(object('b', 2, { namespace: 'other', labels: { app: 'x' } }))
    things.set(object('c', 3))
    const { lister } = things
    const names = (list: readonly KubeObject[]) => list.map(objectKey)
    const selector = parseLabelSelector('app=x')
    assert.deepEqual(names(lister.list()), ['ns/a', 'other/b', 'ns/c'])
    assert.deepEqual(names(lister.list('ns')), ['ns/a', 'ns/c'])
    assert.deepEqual(names(lister.list(undefined, selector)), ['ns/a', 'other/b'])
    assert.deepEqual(names(lister.list('ns', selector)), ['ns/a'])
    assert.deepEqual(names(lister.list('none')), [])
    lister.list().length = 0
    assert.equal(lister.size, 3)
  })
})

describe('handlers', () => {
  it('that throw are logged and hurt nobody', () => {
    const said: string[] = []
    const things = informer({ ...silentLog, error: (message) => void said.push(message) })
    const seen: string[] = []
    things.addHandler({
      added: () => {
        throw new Error('mine')
      },
    })
    things.addHandler({ added: ({ metadata }) => void seen.push(metadata.name ?? '') })
    things.set(object('a', 1))
    assert.deepEqual(seen, ['a'])
    assert.deepEqual(said, ['an informer handler failed'])
  })

  it('that are added or ended within a call hear neither twice nor too late', () => {
    const things = informer()
    const seen: string[] = []
    let endSecond = () => {}
    const endFirst = things.addHandler({
      added: ({ metadata }) => {
        endSecond()
        things.addHandler({ added: (late) => void seen.push(`late ${late.metadata.name}`) })
        seen.push(`first ${metadata.name}`)
        endFirst()
      },
    })
    endSecond = things.addHandler({ added: () => void seen.push('second') })
    things.set(object('a', 1))
    things.set(object('b', 2))
    assert.deepEqual(seen, ['late a', 'first a', 'late b'])
  })

  it('hear only of what changed, and of a new uid as of a new object', () => {
    const things = informer()
    const seen: string[] = []
    things.addHandler({
      added: ({ metadata }) => void seen.push(`added ${metadata.resourceVersion}`),
      updated: ({ metadata }, old) =>
        void seen.push(`updated ${old.metadata.resourceVersion}→${metadata.resourceVersion}`),
      deleted: ({ metadata }) => void seen.push(`deleted ${metadata.resourceVersion}`),
    })
    things.set(object('a', 1))
    things.set(object('a', 1))
    things.set(object('a', 2))
    things.set(object('a', 4, { uid: 'another' }))
    things.delete(object('never', 5))
    things.delete(object('a', 6, { uid: 'another' }))
    assert.deepEqual(seen, ['added 1', 'updated 1→2', 'deleted 2', 'added 4', 'deleted 6'])
  })

  it('see managedFields only where they are asked for, and the same object everywhere', () => {
    const managed = object('a', 1, { managedFields: [{ manager: 'm' }] })
    const [one, two] = [informer(), informer()]
    const all = new SharedInformer({ namespaced: true, managedFields: true, log: silentLog })
    for (const each of [one, two, all]) each.set(managed)
    const lean = one.lister.get('ns', 'a')
    assert.ok(lean !== undefined && Object.isFrozen(lean) && Object.isFrozen(lean.metadata))
    assert.equal(lean.metadata.managedFields, undefined)
    assert.equal(lean, two.lister.get('ns', 'a'))
    assert.equal(all.lister.get('ns', 'a'), managed)
  })
})
