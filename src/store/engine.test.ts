import { silentLog, seededRandom } from '#base'
import { openEngine } from './engine.ts'
import type { Journal } from './journal.ts'
import { MemoryJournal } from './memory-journal.ts'
import { runStoreContract } from './testing/contract.ts'
import { ManualClock } from './testing/manual-clock.ts'
import { SimulatedDisk } from './testing/simulated-disk.ts'
import { realClock } from '#base'

const clock = new ManualClock()
const passTime = async (seconds: number) => clock.advance(seconds * 1_000)

function contract(name: string, journal: () => Journal) {
  runStoreContract(
    name,
    async (t) => {
      const store = await openEngine(journal(), { clock, log: silentLog, random: seededRandom(1) })
      t.after(() => store[Symbol.asyncDispose]())
      return { store, prefix: '/registry/' }
    },
    { compactsRanges: true, passTime },
  )
}

contract('memory', () => new MemoryJournal())
contract('simulated disk', () =>
  new SimulatedDisk({ clock: realClock, random: seededRandom(2), latencyMaxMs: 2 }).journal(),
)
