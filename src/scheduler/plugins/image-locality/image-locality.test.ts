import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testNode, testPodInfo } from '../../testing/objects.ts'
import { PluginBench } from '../../testing/plugin.ts'
import { imageLocality } from './image-locality.ts'

const mega = 1024 * 1024
const having = (name: string, images: Record<string, number>) =>
  testNode(name, {
    status: {
      images: Object.entries(images).map(([image, size]) => ({
        names: [image],
        sizeBytes: size * mega,
      })),
    },
  })
const running = (...images: string[]) =>
  testPodInfo('p', {
    spec: { containers: images.map((image, at) => ({ name: `c${at}`, image })) },
  })

test('ImageLocality prefers nodes that have large images', () => {
  const bench = new PluginBench(imageLocality, [
    having('large', { 'web:latest': 2000 }),
    having('small', { 'tool:1': 40 }),
    having('none', {}),
  ])
  // Of 2000 MB a third counts, for one node in three has it; 23 MB are free, 1000 MB are most.
  assert.deepEqual(bench.scores(running('web')), { large: 65, small: 0, none: 0 })
  assert.deepEqual(bench.scores(running('tool:1')), { large: 0, small: 0, none: 0 })
  assert.deepEqual(bench.scores(running('web', 'tool:1')), { large: 32, small: 0, none: 0 })
  bench.table.setNode(having('none', { 'web:latest': 2000 }))
  assert.deepEqual(bench.scores(running('web')), { large: 100, small: 0, none: 100 })
  bench.table.removeNode('large')
  assert.deepEqual(bench.scores(running('web')), { small: 0, none: 100 })
})
