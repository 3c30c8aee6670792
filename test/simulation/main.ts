import { parseArgs } from 'node:util'
import { runScenario } from './scenario.ts'

/**
 * `npm run sim -- --seed=N --steps=M [--seeds=K] [--verbose]`: runs K seeds from N on, M steps each.
 * Ends with 1 at the first that fails, and says how to repeat it.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    steps: { type: 'string', default: '100' },
    seeds: { type: 'string', default: '1' },
    verbose: { type: 'boolean', default: false },
  },
})
const steps = Number(values.steps)
const first = Number(values.seed)
const seeds = Number(values.seeds)
const startedAt = performance.now()
let simulatedMs = 0
let failures = 0
for (let seed = first; seed < first + seeds; seed++) {
  const outcome = await runScenario({ seed, steps, tell: values.verbose ? console.log : undefined })
  simulatedMs += outcome.simulatedMs
  if (outcome.problem !== undefined) {
    failures++
    console.error(`seed ${seed}, step ${outcome.step}: ${outcome.problem}`)
    console.error(`  npm run sim -- --seed=${seed} --steps=${steps} --verbose`)
    continue
  }
  const { changes, checkedCalls, digest } = outcome
  console.log(`seed ${seed}: ${changes} changes, ${checkedCalls} calls, ${digest.slice(0, 16)}`)
}
const tookMs = performance.now() - startedAt
console.log(
  `${seeds} seeds, ${failures} failed, ${(simulatedMs / tookMs).toFixed(0)} times real time`,
)
process.exitCode = failures === 0 ? 0 : 1
