import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { mutations } from './mutations.ts'
import { runScenario } from './scenario.ts'

const seedsMax = 30
const steps = 80

describe('the checkers find', () => {
  for (const mutation of mutations) {
    it(mutation.name, async () => {
      for (let seed = 1; seed <= seedsMax; seed++) {
        const { problem } = await runScenario({ seed, steps, mutation })
        if (problem !== undefined && mutation.finds.test(problem)) return
      }
      assert.fail(`not found within ${seedsMax} seeds of ${steps} steps`)
    })
  }
})
