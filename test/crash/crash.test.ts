import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { checkAfterCrash, nothingKnown } from './checker.ts'
import { crashRound } from './round.ts'

test('two dozen kills lose nothing acknowledged or delivered', { timeout: 120_000 }, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'k8ts-crash-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const dataDir = join(dir, 'data')
  let known = nothingKnown
  let acknowledged = 0
  for (let round = 0; round < 24; round++) {
    const verdict = await crashRound(dataDir, known)
    assert.deepEqual(verdict.problems, [], `round ${round}`)
    known = verdict.known
    acknowledged += verdict.acknowledged
  }
  assert.ok(acknowledged > 100, 'the rounds wrote something')

  // A checker that finds nothing proves nothing unless it would have found something.
  const revision = known.revision + 1
  const lost = { type: 'acknowledged', revision, changes: [['put', 'k', 'u']] } as const
  const { problems } = await checkAfterCrash(dataDir, known, [lost])
  assert.deepEqual(problems, [
    `the revision went back from ${revision} to ${known.revision}`,
    `acknowledged and lost: put k u @${revision}`,
    `acknowledged and not delivered: @${revision}`,
  ])
})
