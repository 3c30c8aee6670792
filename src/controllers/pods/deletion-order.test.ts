import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Pod } from '#api'
import { formatTime } from '#base'
import { objectOf } from '../testing/objects.ts'
import { podDeletionCost, podsToDelete } from './deletion-order.ts'

const nowMs = 1_767_225_600_000
const day = 86_400

interface Shape {
  readonly node?: string
  readonly phase?: 'Pending' | 'Running' | 'Unknown'
  /** Seconds since it is ready. */
  readonly readyFor?: number
  readonly age?: number
  readonly cost?: string
  readonly restarts?: number
  readonly sidecarRestarts?: number
}

function pod(uid: string, shape: Shape): Pod {
  const { node = 'n', phase = 'Running', readyFor, age = day, cost, restarts = 0 } = shape
  const ago = (seconds: number) => formatTime(nowMs - seconds * 1000)
  const container = (name: string, restartCount: number) => {
    return { name, restartCount, ready: true, image: '', imageID: '' }
  }
  return objectOf(Pod, {
    metadata: {
      uid,
      creationTimestamp: ago(age),
      ...(cost === undefined ? {} : { annotations: { [podDeletionCost]: cost } }),
    },
    spec: {
      nodeName: node,
      containers: [{ name: 'main' }],
      initContainers: [{ name: 'side', restartPolicy: 'Always' }],
    },
    status: {
      phase,
      conditions:
        readyFor === undefined
          ? []
          : [{ type: 'Ready', status: 'True', lastTransitionTime: ago(readyFor) }],
      containerStatuses: [container('main', restarts)],
      initContainerStatuses: [container('side', shape.sidecarRestarts ?? 0)],
    },
  })
}

const order = { nowMs, neighbours: ({ spec }: Pod) => (spec.nodeName === 'crowded' ? 3 : 1) }

/** In each row, the first goes before the second whatever stands below in the table. */
const rows: readonly (readonly [string, Shape, Shape])[] = [
  ['one without a node', { node: '' }, { phase: 'Pending', cost: '-5' }],
  ['one that is pending', { phase: 'Pending', cost: '5' }, { phase: 'Unknown' }],
  ['one whose state is unknown', { phase: 'Unknown', cost: '5' }, { phase: 'Running' }],
  ['one that is not ready', { cost: '5' }, { readyFor: day }],
  ['a cheap one', { cost: '-1', readyFor: day }, { readyFor: 60, node: 'crowded' }],
  ['any one before an expensive one', { cost: '01', readyFor: day }, { cost: '1', readyFor: 60 }],
  ['one on a crowded node', { node: 'crowded', readyFor: day }, { readyFor: 60 }],
  ['one that became ready lately', { readyFor: 60 }, { readyFor: day, restarts: 9 }],
  ['one that restarted often', { restarts: 2, age: 9 * day }, { restarts: 1, age: 60 }],
  ['one whose sidecar did', { sidecarRestarts: 1, age: 9 * day }, { age: 60 }],
  ['a young one', { age: 60 }, { age: day }],
]

describe('pods to delete', () => {
  for (const [what, first, second] of rows) {
    it(`${what} goes first`, () => {
      const sacrificed = pod('z', first)
      const kept = pod('a', second)
      assert.deepEqual(podsToDelete([kept, sacrificed], 1, order), [sacrificed])
      assert.deepEqual(podsToDelete([sacrificed, kept], 1, order), [sacrificed])
    })
  }

  it('of a similar age are chosen by chance, not by age (KEP-2185)', () => {
    const older = pod('a', { readyFor: 1_200 })
    const younger = pod('b', { readyFor: 1_100 })
    assert.deepEqual(podsToDelete([younger, older], 1, order), [older])
  })

  it('are all of them where so many are asked for', () => {
    const pods = [pod('a', {}), pod('b', {})]
    assert.deepEqual(podsToDelete(pods, 5, order), pods)
  })
})
