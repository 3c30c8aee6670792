import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nothingKnown } from './checker.ts'
import { crashRound } from './round.ts'

/**
 * Kills the store at random moments, many times: `npm run crash -- [rounds]`. Exits with 1 and keeps
 * the directory when something was lost.
 */
const rounds = Number(process.argv[2] ?? 1_000)
const dir = mkdtempSync(join(tmpdir(), 'k8ts-crash-'))
let known = nothingKnown
let acknowledged = 0
let delivered = 0
for (let round = 1; round <= rounds; round++) {
  const verdict = await crashRound(join(dir, 'data'), known)
  known = verdict.known
  acknowledged += verdict.acknowledged
  delivered += verdict.delivered
  if (verdict.problems.length > 0) {
    console.error(`round ${round}, kept in ${dir}:\n  ${verdict.problems.join('\n  ')}`)
    process.exit(1)
  }
  if (round % 50 === 0 || round === rounds) {
    console.log(`${round} crashes, ${acknowledged} acknowledged, ${delivered} delivered, none lost`)
  }
}
rmSync(dir, { recursive: true, force: true })
