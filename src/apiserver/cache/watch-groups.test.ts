import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseFieldSelector, parseLabelSelector, resource, string, struct } from '#machinery'
import { entryFor } from '../testing/entries.ts'
import { everything, type Filter } from './filter.ts'
import { WatchGroups, type FilteredEvent } from './watch-groups.ts'

const Widget = resource({
  name: 'widgets',
  namespaced: true,
  faces: [
    {
      group: '',
      version: 'v1',
      kind: 'Widget',
      schema: struct('io.k8s.test.Widget', () => ({ node: string(1) })),
    },
  ],
  selectableFields: [{ path: 'node', value: (object) => object.node ?? '' }],
})

const widget = (
  revision: number,
  change: { labels?: Record<string, string>; node?: string; namespace?: string } = {},
) =>
  entryFor(Widget, revision, {
    metadata: { name: 'w', namespace: change.namespace ?? 'ns', labels: change.labels ?? {} },
    node: change.node,
  })

/** What a watcher with the filter is told. */
function watcher(groups: WatchGroups, filter: Partial<Filter>) {
  const deliveries: (readonly FilteredEvent[])[] = []
  const stop = groups.add({ ...everything, ...filter }, (events) => deliveries.push(events))
  return {
    stop,
    deliveries,
    seen: () => deliveries.flat().map((event) => `${event.type}@${event.revision}`),
  }
}

const turn = () => Promise.resolve()

test('an object that enters or leaves a selector looks created or deleted', async () => {
  const groups = new WatchGroups()
  const red = watcher(groups, { labels: parseLabelSelector('color=red') })
  const one = widget(1, { labels: { color: 'red' } })
  const two = widget(2, { labels: { color: 'red', size: 'xl' } })
  const three = widget(3, { labels: { color: 'blue' } })
  groups.apply({ revision: 1, entry: one, previous: undefined })
  groups.apply({ revision: 2, entry: two, previous: one })
  groups.apply({ revision: 3, entry: three, previous: two })
  groups.apply({ revision: 4, entry: undefined, previous: three })
  await turn()
  assert.deepEqual(red.seen(), ['ADDED@1', 'MODIFIED@2', 'DELETED@3'])
  // The deletion shows the last state that was selected.
  assert.equal(red.deliveries.flat()[2]?.entry, two)
})

test('watchers of one filter get one array, and one delivery a turn', async () => {
  const groups = new WatchGroups()
  const a = watcher(groups, { namespace: 'ns' })
  const b = watcher(groups, { namespace: 'ns' })
  const one = widget(1)
  groups.apply({ revision: 1, entry: one, previous: undefined })
  groups.apply({ revision: 2, entry: widget(2), previous: one })
  await turn()
  assert.equal(a.deliveries.length, 1)
  assert.equal(a.deliveries[0], b.deliveries[0])
  assert.deepEqual(a.seen(), ['ADDED@1', 'MODIFIED@2'])
})

test('groups that demand a value of a field hear of both its old and its new value', async () => {
  const groups = new WatchGroups()
  const first = watcher(groups, { fields: parseFieldSelector('node=first') })
  const second = watcher(groups, { fields: parseFieldSelector('node=second') })
  const other = watcher(groups, { namespace: 'elsewhere' })
  const one = widget(1, { node: 'first' })
  groups.apply({ revision: 1, entry: one, previous: undefined })
  groups.apply({ revision: 2, entry: widget(2, { node: 'second' }), previous: one })
  await turn()
  assert.deepEqual(first.seen(), ['ADDED@1', 'DELETED@2'])
  assert.deepEqual(second.seen(), ['ADDED@2'])
  assert.deepEqual(other.seen(), [])
})

test('a watcher that joins a group is not told what happened before it came', async () => {
  const groups = new WatchGroups()
  const early = watcher(groups, {})
  const one = widget(1)
  groups.apply({ revision: 1, entry: one, previous: undefined })
  const late = watcher(groups, {})
  groups.apply({ revision: 2, entry: widget(2), previous: one })
  await turn()
  assert.deepEqual(early.seen(), ['ADDED@1', 'MODIFIED@2'])
  assert.deepEqual(late.seen(), ['MODIFIED@2'])
})

test('a watcher that has stopped hears nothing more, its group goes with the last', async () => {
  const groups = new WatchGroups()
  const a = watcher(groups, { fields: parseFieldSelector('node=first') })
  const b = watcher(groups, { fields: parseFieldSelector('node=first') })
  a.stop()
  a.stop()
  groups.apply({ revision: 1, entry: widget(1, { node: 'first' }), previous: undefined })
  await turn()
  assert.deepEqual(a.seen(), [])
  assert.deepEqual(b.seen(), ['ADDED@1'])
  b.stop()
  groups.apply({ revision: 2, entry: widget(2, { node: 'first' }), previous: undefined })
  await turn()
  assert.deepEqual(b.seen(), ['ADDED@1'])
})
