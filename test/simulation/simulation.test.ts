import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runScenario } from './scenario.ts'

const seeds = 25
const steps = 80

describe('a cluster with faults keeps its promises and converges', () => {
  for (let seed = 1; seed <= seeds; seed++) {
    it(`seed ${seed}`, async () => {
      const { problem, step } = await runScenario({ seed, steps })
      const again = `npm run sim -- --seed=${seed} --steps=${steps} --verbose`
      assert.equal(problem, undefined, `at step ${step}; to repeat it: ${again}`)
    })
  }
})

describe('a seed repeats itself', () => {
  for (const seed of [101, 102, 103]) {
    it(`seed ${seed}`, async () => {
      const first = await runScenario({ seed, steps })
      const second = await runScenario({ seed, steps })
      assert.deepEqual(second, first)
    })
  }

  it('and another one does something else', async () => {
    const [one, other] = [
      await runScenario({ seed: 1, steps }),
      await runScenario({ seed: 2, steps }),
    ]
    assert.notEqual(one.digest, other.digest)
  })
})
