import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Endpoint, EndpointSlicePort } from '#api'
import { seededRandom } from '#base'
import { packSlices, type PortGroup } from './packing.ts'

interface Slice {
  readonly name: string
  readonly ports: readonly EndpointSlicePort[] | null
  readonly endpoints: readonly Endpoint[] | null
}

const http = [{ name: 'http', port: 80, protocol: 'TCP' }]
const other = [{ name: 'http', port: 81, protocol: 'TCP' }]

function endpoint(name: string, ready = true): Endpoint {
  return {
    addresses: [name],
    conditions: { ready },
    targetRef: { kind: 'Pod', namespace: 'n', name },
  }
}

function endpoints(prefix: string, count: number): Endpoint[] {
  return Array.from({ length: count }, (_, i) => endpoint(`${prefix}${i}`))
}

function slice(name: string, content: readonly Endpoint[], ports = http): Slice {
  return { name, ports, endpoints: content }
}

function pack(groups: readonly PortGroup[], slices: readonly Slice[], max = 4) {
  const plan = packSlices(groups, slices, { perSliceMax: max })
  return {
    create: plan.create.map((each) => each.endpoints.length),
    update: plan.update.map((each) => `${each.slice.name}:${each.endpoints.length}`),
    delete: plan.delete.map(({ name }) => name),
    keep: plan.keep.map(({ name }) => name),
  }
}

const none = { create: [], update: [], delete: [], keep: [] }

describe('packSlices', () => {
  it('makes one empty slice where there is nothing', () => {
    assert.deepEqual(pack([], []), { ...none, create: [0] })
    assert.deepEqual(pack([], [slice('s', [], [])]), { ...none, keep: ['s'] })
    assert.deepEqual(pack([], [{ name: 's', ports: null, endpoints: null }]), {
      ...none,
      keep: ['s'],
    })
  })

  it('makes none where that is to say nothing', () => {
    const options = { placeholder: false }
    const plan = packSlices<Slice>([], [slice('s', endpoints('a', 1))], options)
    assert.deepEqual([plan.create, plan.update, plan.delete.length], [[], [], 1])
  })

  it('fills new slices one after another', () => {
    const all = endpoints('e', 10)
    assert.deepEqual(pack([{ ports: http, endpoints: all }], []), { ...none, create: [4, 4, 2] })
  })

  it('leaves alone what is as it should be, in whatever order', () => {
    const all = endpoints('e', 3)
    const slices = [slice('s', all.toReversed())]
    assert.deepEqual(pack([{ ports: http, endpoints: all }], slices), { ...none, keep: ['s'] })
  })

  it('updates the slice of an endpoint that changed, and it alone', () => {
    const [a, b] = [endpoints('a', 2), endpoints('b', 2)]
    const group = { ports: http, endpoints: [...a, endpoint('b0', false), ...b.slice(1)] }
    assert.deepEqual(pack([group], [slice('s', a), slice('t', b)]), {
      ...none,
      update: ['t:2'],
      keep: ['s'],
    })
  })

  it('adds to slices that change anyway, the fullest first', () => {
    const [a, b, c] = [endpoints('a', 3), endpoints('b', 4), endpoints('c', 1)]
    const slices = [slice('s', a), slice('t', b), slice('u', c)]
    const group = {
      ports: http,
      endpoints: [...a.slice(1), ...b.slice(1), ...c, ...endpoints('x', 2)],
    }
    assert.deepEqual(pack([group], slices), { ...none, update: ['t:4', 's:3'], keep: ['u'] })
  })

  it('adds all of the rest to one slice that has room, the fullest such', () => {
    const [a, b, c] = [endpoints('a', 3), endpoints('b', 1), endpoints('c', 2)]
    const slices = [slice('s', a), slice('t', b), slice('u', c)]
    const group = { ports: http, endpoints: [...a, ...b, ...c, ...endpoints('x', 2)] }
    assert.deepEqual(pack([group], slices), { ...none, update: ['u:4'], keep: ['s', 't'] })
    const more = { ports: http, endpoints: [...a, ...b, ...c, ...endpoints('x', 4)] }
    assert.deepEqual(pack([more], slices), { ...none, create: [4], keep: ['s', 't', 'u'] })
  })

  it('deletes slices that fall empty', () => {
    const [a, b] = [endpoints('a', 2), endpoints('b', 2)]
    assert.deepEqual(pack([{ ports: http, endpoints: a }], [slice('s', a), slice('t', b)]), {
      ...none,
      delete: ['t'],
      keep: ['s'],
    })
  })

  it('takes slices nobody needs for what would be created', () => {
    const old = endpoints('a', 2)
    const group = { ports: other, endpoints: old }
    assert.deepEqual(pack([group], [slice('s', old)]), { ...none, update: ['s:2'] })
    assert.deepEqual(pack([], [slice('s', old), slice('t', old)]), {
      ...none,
      update: ['s:0'],
      delete: ['t'],
    })
  })

  it('holds, after any changes, every endpoint once in slices that are not too full', () => {
    const random = seededRandom(3)
    let slices: Slice[] = []
    let made = 0
    for (let step = 0; step < 300; step++) {
      const wanted = Array.from({ length: 30 }, (_, i) => i)
        .filter(() => random.integer(3) > 0)
        .map((i) => endpoint(`e${i}`, random.integer(4) > 0))
      const groups = [
        { ports: http, endpoints: wanted.filter((_, i) => i % 2 === 0) },
        { ports: other, endpoints: wanted.filter((_, i) => i % 2 === 1) },
      ].filter((group) => group.endpoints.length > 0)
      const plan = packSlices(groups, slices, { perSliceMax: 4 })
      slices = [
        ...plan.keep,
        ...plan.update.map(({ slice: { name }, ...group }) => ({ ...group, name })),
        ...plan.create.map((group) => ({ ...group, name: `s${made++}` })),
      ]
      const held = slices.flatMap((each) => each.endpoints ?? [])
      const text = (all: readonly Endpoint[]) => all.map((each) => JSON.stringify(each)).sort()
      assert.deepEqual(text(held), text(wanted))
      for (const each of slices) assert.ok((each.endpoints?.length ?? 0) <= 4)
      assert.deepEqual(packSlices(groups, slices, { perSliceMax: 4 }).update, [])
      assert.deepEqual(packSlices(groups, slices, { perSliceMax: 4 }).create, [])
    }
  })
})
