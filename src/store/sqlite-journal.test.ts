import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { seededRandom, silentLog } from '#base'
import { openStore } from './open.ts'
import { runStoreContract } from './testing/contract.ts'
import { ManualClock } from './testing/manual-clock.ts'

const clock = new ManualClock()

function temporaryDir(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'k8ts-store-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

runStoreContract(
  'sqlite',
  async (t) => {
    const dataDir = join(temporaryDir(t), 'data')
    const random = seededRandom(1)
    const store = await openStore({ type: 'sqlite', dataDir, clock, log: silentLog, random })
    t.after(() => store[Symbol.asyncDispose]())
    return { store, prefix: '/registry/' }
  },
  { compactsRanges: true, passTime: async (seconds) => clock.advance(seconds * 1_000) },
)
