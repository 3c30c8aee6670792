import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { errors, selectorFromLabels, type KubeObject, type OwnerReference } from '#machinery'
import { claim, claimOf } from './claim.ts'

interface Shape {
  readonly app?: string
  readonly controller?: string
  readonly deleted?: boolean
  readonly namespace?: string
}

function object(kind: string, uid: string, shape: Shape = {}): KubeObject {
  const { app = 'web', controller, deleted = false, namespace = 'default' } = shape
  const owners: OwnerReference[] =
    controller === undefined
      ? []
      : [
          {
            apiVersion: 'apps/v1',
            kind: 'ReplicaSet',
            name: 'o',
            uid: controller,
            controller: true,
          },
        ]
  return {
    apiVersion: 'v1',
    kind,
    metadata: {
      name: uid,
      uid,
      namespace,
      labels: { app },
      ownerReferences: owners,
      ...(deleted ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
  }
}

const selector = selectorFromLabels({ app: 'web' })
const owner = object('ReplicaSet', 'me')
const dying = object('ReplicaSet', 'me', { deleted: true })

describe('a claim', () => {
  const rows: readonly (readonly [string, KubeObject, Shape, string])[] = [
    ['one’s own that fits', owner, { controller: 'me' }, 'mine'],
    ['one’s own that is being deleted', owner, { controller: 'me', deleted: true }, 'mine'],
    ['one’s own that no longer fits', owner, { controller: 'me', app: 'x' }, 'release'],
    ['the same of an owner that goes', dying, { controller: 'me', app: 'x' }, 'ignore'],
    ['another’s', owner, { controller: 'other' }, 'ignore'],
    ['an orphan that fits', owner, {}, 'adopt'],
    ['an orphan that does not', owner, { app: 'x' }, 'ignore'],
    ['an orphan that is being deleted', owner, { deleted: true }, 'ignore'],
    ['an orphan for an owner that goes', dying, {}, 'ignore'],
    ['an orphan of another namespace', owner, { namespace: 'other' }, 'ignore'],
  ]
  for (const [what, by, shape, expected] of rows) {
    it(`on ${what}: ${expected}`, () => {
      assert.equal(claimOf(by, selector, object('Pod', 'p', shape)), expected)
    })
  }
})

describe('claiming', () => {
  interface Patched {
    readonly name: string
    readonly patch: unknown
  }

  function claiming(
    candidates: readonly KubeObject[],
    fresh: KubeObject = owner,
    fail?: Error,
  ): { readonly patches: Patched[]; readonly claimed: Promise<KubeObject[]> } {
    const patches: Patched[] = []
    const claimed = claim({
      owner,
      selector,
      candidates,
      dependents: {
        patch: async (name, patch) => {
          if (fail !== undefined) throw fail
          patches.push({ name, patch })
          return object('Pod', name, { controller: 'me' })
        },
      },
      freshOwner: async () => fresh,
    })
    return { patches, claimed }
  }

  it('adopts and releases by patches that name the uid', async () => {
    const { patches, claimed } = claiming([
      object('Pod', 'orphan'),
      object('Pod', 'lost', { controller: 'me', app: 'x' }),
    ])
    assert.deepEqual(
      (await claimed).map(({ metadata }) => metadata.name),
      ['orphan'],
    )
    const reference = {
      apiVersion: 'v1',
      kind: 'ReplicaSet',
      name: 'me',
      uid: 'me',
      controller: true,
      blockOwnerDeletion: true,
    }
    const strategic = (metadata: unknown) => ({ type: 'strategic', patch: { metadata } })
    assert.deepEqual(patches, [
      { name: 'orphan', patch: strategic({ uid: 'orphan', ownerReferences: [reference] }) },
      {
        name: 'lost',
        patch: strategic({ uid: 'lost', ownerReferences: [{ $patch: 'delete', uid: 'me' }] }),
      },
    ])
  })

  it('adopts nothing for an owner that is gone or goes', async () => {
    const other = claiming([object('Pod', 'p')], object('ReplicaSet', 'other'))
    await assert.rejects(other.claimed, /original ReplicaSet default\/me is gone: got uid other/)
    const going = claiming([object('Pod', 'p')], dying)
    await assert.rejects(going.claimed, /default\/me has just been deleted at 2026-/)
    assert.deepEqual([...other.patches, ...going.patches], [])
  })

  it('passes over what is gone meanwhile, and over nothing else', async () => {
    const gone = errors.notFound({ group: '', resource: 'pods' }, 'p')
    assert.deepEqual(await claiming([object('Pod', 'p')], owner, gone).claimed, [])
    const failing = claiming([object('Pod', 'p')], owner, new Error('no way'))
    await assert.rejects(failing.claimed, /no way/)
  })
})
