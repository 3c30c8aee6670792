import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { talliesMax } from '../limits.ts'
import { testNode, testPodInfo } from '../testing/objects.ts'
import { NodeTable } from './node-table.ts'
import type { Selection } from './tally.ts'

const pod = (name: string, app = 'web') => testPodInfo(name, { metadata: { labels: { app } } })
const node = (name: string, zone?: string) =>
  testNode(name, { metadata: { labels: zone === undefined ? {} : { zone } } })
const apps = (app: string): Selection => ({
  key: app,
  namespaces: new Set(['default']),
  countsTerminating: true,
  matches: ({ labels }) => labels['app'] === app,
})

describe('tallies', () => {
  it('follow pods and nodes, whichever comes first', () => {
    const table = new NodeTable()
    table.setPod(pod('early'), 'a')
    const tally = table.domains.tally('zone', apps('web'))
    const inZoneOf = (name: string) =>
      tally.count(tally.topology.domains[table.rowOf(name) ?? -1] ?? -1)
    assert.equal(tally.total, 0)
    table.setNode(node('a', 'east'))
    table.setNode(node('b', 'west'))
    assert.deepEqual([inZoneOf('a'), inZoneOf('b')], [1, 0])
    table.setPod(pod('late'), 'b')
    table.setPod(pod('other', 'db'), 'b')
    assert.deepEqual([inZoneOf('a'), inZoneOf('b')], [1, 1])
    table.setNode(node('a', 'west'))
    assert.deepEqual([inZoneOf('a'), inZoneOf('b'), tally.total], [2, 2, 2])
    table.setNode(node('a'))
    assert.deepEqual([inZoneOf('a'), inZoneOf('b'), tally.total], [0, 1, 1])
    table.removeNode('b')
    assert.equal(tally.total, 0)
    table.removePod('late')
    table.setNode(node('b', 'west'))
    assert.equal(tally.total, 0)
  })

  it('count trials and assumed pods while they are there', () => {
    const table = new NodeTable()
    table.setNode(node('a', 'east'))
    const tally = table.domains.tally('zone', apps('web'))
    table.withPods(table.rowOf('a') ?? -1, [pod('trial')], () => assert.equal(tally.total, 1))
    assert.equal(tally.total, 0)
    table.assume(pod('assumed'), 'a')
    assert.equal(tally.total, 1)
    table.forget('assumed')
    assert.equal(tally.total, 0)
  })

  it('know the fewest of any eligible domain', () => {
    const table = new NodeTable()
    for (let i = 0; i < 40; i++) table.setNode(node(`n${i}`, `z${i % 20}`))
    const tally = table.domains.tally('zone', {
      ...apps('web'),
      eligible: ({ metadata }) => metadata.labels?.['zone'] !== 'z7',
    })
    assert.deepEqual([tally.minimum, tally.domainCount], [0, 19])
    for (let i = 0; i < 20; i++) if (i !== 7) table.setPod(pod(`p${i}`), `n${i}`)
    assert.equal(tally.minimum, 1)
    table.removePod('p3')
    assert.equal(tally.minimum, 0)
    table.removeNode('n3')
    table.removeNode('n23')
    assert.deepEqual([tally.minimum, tally.domainCount], [1, 18])
  })

  it('are dropped when there are too many, the least asked for first, and made again', () => {
    const table = new NodeTable()
    table.setNode(node('a', 'east'))
    table.setPod(pod('p'), 'a')
    const first = table.domains.tally('zone', apps('web'))
    const kept = table.domains.tally('zone', apps('kept'))
    for (let i = 0; i < talliesMax - 2; i++) table.domains.tally('zone', apps(`app-${i}`))
    assert.equal(table.domains.dropped, 0)
    assert.equal(table.domains.tally('zone', apps('kept')), kept)
    table.domains.tally('zone', apps('one-too-many'))
    assert.equal(table.domains.dropped, 1)
    table.setPod(pod('q'), 'a')
    assert.equal(first.total, 1)
    assert.equal(table.domains.tally('zone', apps('kept')), kept)
    assert.equal(table.domains.tally('zone', apps('web')).total, 2)
  })
})

describe('terms of pods', () => {
  const unwilling = (name: string) =>
    testPodInfo(name, {
      metadata: { labels: { app: name } },
      spec: {
        affinity: {
          podAntiAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [
              { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'web' } } },
            ],
          },
        },
      },
    })

  it('are there once, as long as a pod has them', () => {
    const table = new NodeTable()
    const { domains } = table
    table.setNode(node('a', 'east'))
    table.setPod(unwilling('x'), 'a')
    table.setPod(unwilling('y'), 'elsewhere')
    const [owned, ...others] = [...domains.owned]
    assert.equal(others.length, 0)
    assert.equal(owned?.tally.total, 1)
    const version = domains.ownedVersion
    table.removePod('y')
    assert.equal(domains.ownedVersion, version)
    table.removePod('x')
    assert.notEqual(domains.ownedVersion, version)
    assert.deepEqual([...domains.owned], [])
  })
})
