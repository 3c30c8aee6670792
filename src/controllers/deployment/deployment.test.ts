import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Deployment, ReplicaSet, type DeploymentInput, type ReplicaSetInput } from '#api'
import { objectOf } from '../testing/objects.ts'
import { setsToForget } from './history.ts'
import { maxReplicas, maxUnavailable } from './limits.ts'
import { ownedSets, type OwnedSets } from './replica-sets.ts'
import { currentAnnotations, nextRevision, withScale } from './revision.ts'
import { nextStep } from './rollout.ts'
import { isScalingEvent, sizesAfterScaling } from './scaling.ts'
import { templateHash } from './template-hash.ts'

const containers = (image: string) => [{ name: 'main', image }]
const template = (image = 'new') => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: containers(image) },
})

function deployment(
  replicas: number,
  maxSurge: number | string,
  maxMissing: number | string,
  spec: Partial<DeploymentInput['spec']> = {},
): Deployment {
  return objectOf(Deployment, {
    metadata: { name: 'web', uid: 'web', namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: template(),
      strategy: {
        type: 'RollingUpdate',
        rollingUpdate: { maxSurge, maxUnavailable: maxMissing },
      },
      ...spec,
    },
  })
}

interface SetShape {
  readonly replicas: number
  readonly available?: number
  readonly annotations?: Readonly<Record<string, string>>
  readonly status?: ReplicaSetInput['status']
}

/** The last one has the present template; each is a second younger than the one before. */
function sets(...shapes: readonly SetShape[]): OwnedSets {
  const all = shapes.map(({ replicas, available = replicas, annotations = {}, status }, i) =>
    objectOf(ReplicaSet, {
      metadata: {
        name: `web-${i}`,
        uid: `${i}`,
        annotations,
        creationTimestamp: `2026-01-01T00:00:0${i}Z`,
      },
      spec: {
        replicas,
        selector: { matchLabels: { app: 'web' } },
        template: template(i === shapes.length - 1 ? 'new' : `old-${i}`),
      },
      status: status ?? { replicas, availableReplicas: available },
    }),
  )
  return ownedSets(deployment(1, 1, 1), all)
}

const sizesOf = (sizes: readonly { set: ReplicaSet; replicas: number }[]) =>
  Object.fromEntries(sizes.map(({ set, replicas }) => [set.metadata.uid, replicas]))

describe('surge and unavailability', () => {
  const rows: readonly (readonly [number, number | string, number | string, number, number])[] = [
    // Replicas, maxSurge, maxUnavailable: at most so many, at most so many missing.
    [10, '25%', '25%', 13, 2],
    [1, '25%', '25%', 2, 0],
    [4, 1, 0, 5, 0],
    [4, 0, '10%', 4, 1],
    [0, '25%', '25%', 0, 0],
    [2, 0, 5, 2, 2],
  ]
  for (const [replicas, surge, missing, most, least] of rows) {
    it(`of ${replicas} with ${surge} and ${missing}`, () => {
      const of = deployment(replicas, surge, missing)
      assert.equal(maxReplicas(of), most)
      assert.equal(maxUnavailable(of), least)
    })
  }
})

describe('a rolling update', () => {
  const step = (of: Deployment, present: OwnedSets) => {
    const next = nextStep(of, present, () => assert.fail('asked by Recreate only'))
    return next.type === 'scale' ? sizesOf(next.sizes) : next
  }

  it('begins with as many new pods as the surge allows', () => {
    const only: OwnedSets = { current: undefined, old: sets({ replicas: 10 }, { replicas: 0 }).old }
    assert.deepEqual(step(deployment(10, 3, 2), only), { type: 'create', replicas: 3 })
    const none: OwnedSets = { current: undefined, old: [] }
    assert.deepEqual(step(deployment(10, 3, 2), none), { type: 'create', replicas: 10 })
  })

  it('takes old pods away as far as may be missing', () => {
    const present = sets({ replicas: 10 }, { replicas: 3, available: 0 })
    assert.deepEqual(step(deployment(10, 3, 2), present), { 0: 8 })
  })

  it('does not take away twice what a status still counts', () => {
    const present = sets({ replicas: 3, available: 4 }, { replicas: 0 })
    assert.deepEqual(step(deployment(3, 0, 1), present), { 0: 2 })
  })

  it('grows before it shrinks', () => {
    const present = sets({ replicas: 8 }, { replicas: 3, available: 3 })
    assert.deepEqual(step(deployment(10, 3, 2), present), { 1: 5 })
  })

  it('takes pods that do not work first, from the oldest on', () => {
    const present = sets(
      { replicas: 3, available: 3 },
      { replicas: 4, available: 1 },
      { replicas: 5, available: 5 },
    )
    // 12 pods, 8 of which must stay: 3 that do not work, 1 of those that do, as 9 are available.
    assert.deepEqual(step(deployment(10, 2, 2), present), { 0: 2, 1: 1 })
  })

  it('waits while nothing may go', () => {
    const present = sets({ replicas: 8 }, { replicas: 5, available: 0 })
    assert.deepEqual(step(deployment(10, 3, 2), present), { type: 'wait' })
  })

  it('shrinks the new ReplicaSet to what is wanted', () => {
    assert.deepEqual(step(deployment(3, 1, 1), sets({ replicas: 5 })), { 0: 3 })
  })
})

describe('recreating', () => {
  const recreated = deployment(3, 1, 1, { strategy: { type: 'Recreate' } })
  const step = (present: OwnedSets, oldPodsRun = false) => {
    const next = nextStep(recreated, present, () => oldPodsRun)
    return next.type === 'scale' ? sizesOf(next.sizes) : next
  }
  const ended = { replicas: 0, status: { replicas: 0 } }

  it('ends the old, waits until it has ended, then begins the new', () => {
    assert.deepEqual(step(sets({ replicas: 2 }, { replicas: 0 })), { 0: 0 })
    const counted = { replicas: 0, status: { replicas: 1 } }
    assert.deepEqual(step(sets(counted, { replicas: 0 })), { type: 'wait' })
    assert.deepEqual(step(sets(ended, { replicas: 0 }), true), { type: 'wait' })
    assert.deepEqual(step(sets(ended, { replicas: 0 })), { 1: 3 })
    const { old } = sets(ended, { replicas: 0 })
    assert.deepEqual(step({ current: undefined, old }), { type: 'create', replicas: 3 })
  })
})

describe('scaling', () => {
  const scaledFor = (replicas: number, surge: number) =>
    withScale(deployment(replicas, surge, 0), undefined)

  it('is told by what the ReplicaSets were last scaled for', () => {
    const present = sets({ replicas: 10, annotations: scaledFor(10, 3) })
    assert.equal(isScalingEvent(deployment(10, 3, 2), present), false)
    assert.equal(isScalingEvent(deployment(11, 3, 2), present), true)
    assert.equal(isScalingEvent(deployment(11, 3, 2), sets({ replicas: 10 })), false)
  })

  it('changes the only ReplicaSet with pods, or the newest', () => {
    assert.deepEqual(
      sizesOf(sizesAfterScaling(deployment(7, 1, 1), sets({ replicas: 3 }, { replicas: 0 }))),
      { 0: 7 },
    )
    assert.deepEqual(
      sizesOf(sizesAfterScaling(deployment(7, 1, 1), sets({ replicas: 0 }, { replicas: 0 }))),
      { 1: 7 },
    )
  })

  it('ends old ReplicaSets when the new one is complete', () => {
    const annotations = scaledFor(4, 1)
    const present = sets({ replicas: 1 }, { replicas: 4, annotations })
    assert.deepEqual(sizesOf(sizesAfterScaling(deployment(4, 1, 1), present)), { 0: 0 })
  })

  const rows: readonly (readonly [string, number, number, readonly number[], readonly number[]])[] =
    [
      // Before, after, sizes before (the new one last), sizes after; without surge.
      ['up, to the larger first', 10, 15, [7, 3], [11, 4]],
      ['up, to all alike', 10, 20, [5, 5], [10, 10]],
      ['up, the rest to the newest of the largest', 10, 11, [5, 5], [5, 6]],
      ['down', 10, 5, [8, 2], [4, 1]],
      ['down, from the oldest of the largest', 10, 9, [5, 5], [4, 5]],
      ['to nothing', 10, 0, [8, 2], [0, 0]],
    ]
  for (const [what, before, after, from, to] of rows) {
    it(`in the middle of a rollout: ${what}`, () => {
      const annotations = scaledFor(before, 0)
      const present = sets(...from.map((replicas) => ({ replicas, annotations, available: 0 })))
      const sizes = sizesOf(sizesAfterScaling(deployment(after, 0, 1), present))
      assert.deepEqual(Object.values(sizes), to)
    })
  }
})

describe('revisions', () => {
  const revision = 'deployment.kubernetes.io/revision'
  const history = 'deployment.kubernetes.io/revision-history'
  const of = objectOf(Deployment, {
    ...deployment(1, 1, 1),
    metadata: {
      annotations: {
        note: 'new',
        [revision]: '7',
        'kubectl.kubernetes.io/last-applied-configuration': '{}',
      },
    },
    spec: { selector: { matchLabels: { app: 'web' } }, template: template() },
  })

  it('are one more than those of all others', () => {
    const { old } = sets(
      { replicas: 0, annotations: { [revision]: '4' } },
      { replicas: 0, annotations: { [revision]: 'nonsense' } },
      { replicas: 0 },
    )
    assert.equal(nextRevision(old), 5)
    assert.equal(nextRevision([]), 1)
  })

  it('go with the annotations that are meant for ReplicaSets', () => {
    assert.deepEqual(currentAnnotations(of, { kept: 'yes' }, 3), {
      kept: 'yes',
      note: 'new',
      [revision]: '3',
    })
  })

  it('remember what a ReplicaSet was before', () => {
    const back = currentAnnotations(of, { [revision]: '1' }, 3)
    assert.equal(back[revision], '3')
    assert.equal(back[history], '1')
    assert.equal(currentAnnotations(of, back, 5)[history], '1,3')
    assert.deepEqual(currentAnnotations(of, back, 2), back)
    assert.equal(currentAnnotations(of, { [revision]: 'x' }, 3)[revision], 'x')
  })

  it('forget the beginning of a long history', () => {
    const long = Array.from({ length: 600 }, (_, i) => String(1000 + i)).join(',')
    const text =
      currentAnnotations(of, { [revision]: '1600', [history]: long }, 1601)[history] ?? ''
    assert.ok(text.length <= 2000)
    assert.ok(text.endsWith(',1599,1600'))
  })
})

describe('the history', () => {
  const revised = (number: number, replicas = 0): SetShape => ({
    replicas,
    annotations: { 'deployment.kubernetes.io/revision': String(number) },
  })

  it('loses its oldest revisions, never one with pods', () => {
    const { old } = sets(revised(4), revised(2), revised(1, 1), revised(3), revised(5))
    const forgotten = (revisionHistoryLimit: number) =>
      setsToForget(deployment(1, 1, 1, { revisionHistoryLimit }), old).map(
        ({ metadata }) => metadata.uid,
      )
    assert.deepEqual(forgotten(4), [])
    assert.deepEqual(forgotten(2), ['1'])
    assert.deepEqual(forgotten(0), ['1', '3', '0'])
    assert.deepEqual(forgotten(2 ** 31 - 1), [])
  })
})

describe('the hash of a template', () => {
  const { spec } = deployment(1, 1, 1)

  it('is the same for the same template, and fit for a name', () => {
    const hash = templateHash(spec.template, undefined)
    assert.match(hash, /^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/)
    const { metadata, spec: podSpec } = spec.template
    assert.equal(templateHash({ spec: podSpec, metadata }, undefined), hash)
  })

  it('changes with the template and with collisions', () => {
    const other = objectOf(Deployment, {
      metadata: {},
      spec: { selector: null, template: template('other') },
    })
    const hashes = [
      templateHash(spec.template, undefined),
      templateHash(spec.template, 1),
      templateHash(spec.template, 2),
      templateHash(other.spec.template, undefined),
    ]
    assert.equal(new Set(hashes).size, hashes.length)
  })
})
