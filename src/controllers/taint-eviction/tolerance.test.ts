import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Taint, Toleration } from '#api'
import { toleratedMs } from './tolerance.ts'

const taint = (key: string, value?: string): Taint => ({
  key,
  effect: 'NoExecute',
  ...(value !== undefined && { value }),
})

describe('toleratedMs', () => {
  const cases: readonly [
    what: string,
    taints: readonly Taint[],
    tolerations: readonly Toleration[],
    ms: number | undefined,
  ][] = [
    ['nothing tolerated', [taint('a')], [], 0],
    ['everything tolerated', [taint('a'), taint('b', 'c')], [{ operator: 'Exists' }], undefined],
    ['one of two', [taint('a'), taint('b')], [{ key: 'a', operator: 'Exists' }], 0],
    [
      'for some time',
      [taint('a')],
      [{ key: 'a', operator: 'Exists', tolerationSeconds: 5 }],
      5_000,
    ],
    [
      'the shortest time counts, also of two for one taint',
      [taint('a'), taint('b')],
      [
        { key: 'a', operator: 'Exists' },
        { key: 'a', operator: 'Exists', tolerationSeconds: 9 },
        { key: 'b', operator: 'Exists', tolerationSeconds: 7 },
      ],
      7_000,
    ],
    ['a negative time is none', [taint('a')], [{ operator: 'Exists', tolerationSeconds: -1 }], 0],
    ['equal by default', [taint('a', 'x')], [{ key: 'a', value: 'x' }], undefined],
    ['another value', [taint('a', 'x')], [{ key: 'a', operator: 'Equal', value: 'y' }], 0],
    ['another effect', [taint('a')], [{ operator: 'Exists', effect: 'NoSchedule' }], 0],
  ]
  for (const [what, taints, tolerations, ms] of cases) {
    it(what, () => assert.equal(toleratedMs(taints, tolerations), ms))
  }
})
