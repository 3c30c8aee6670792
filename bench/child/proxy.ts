import { realClock, realRandom, silentLog } from '#base'
import { nftIn, realExec, type Nft } from '#linux'
import { desiredOf } from '../../src/proxy/desired.ts'
import { FamilySync } from '../../src/proxy/family-sync.ts'
import { ProxyHealth } from '../../src/proxy/health/proxy-health.ts'
import { ProxyMetrics } from '../../src/proxy/metrics.ts'
import { testService, testSlice } from '../../src/proxy/testing/objects.ts'

/** In a network namespace of its own: what the rules of many Services take, and one change of them. */
export interface ProxyResult {
  readonly full: Took
  readonly changes: readonly Took[]
}

export interface Took {
  readonly nftMs: number
  /** What this process did before nft and after it. */
  readonly ownMs: number
}

const { services, changes } = JSON.parse(process.argv[2] ?? '{}') as {
  services: number
  changes: number
}
const facts = { family: 'IPv4', nodeIps: ['192.0.2.1'], clusterCidrs: ['10.42.0.0/16'] } as const
const node = { ...facts, knowsPods: true, nodeName: 'node', zone: '' }

const real = nftIn(realExec(realClock))
let nftMs = 0
async function timed<T>(call: () => Promise<T>): Promise<T> {
  const started = realClock.elapsed()
  try {
    return await call()
  } finally {
    nftMs += realClock.elapsed() - started
  }
}
const nft: Nft = {
  apply: (script) => timed(() => real.apply(script)),
  check: (script) => timed(() => real.check(script)),
  listChain: (table, chain) => timed(() => real.listChain(table, chain)),
  listSets: (table) => timed(() => real.listSets(table)),
}

/** What informers would hold. */
const objects = new Map<string, Parameters<typeof desiredOf>>()

function set(at: number, last: number): string {
  const name = `s${at}`
  const clusterIP = `10.43.${at >> 8}.${at & 255}`
  const service = testService(name, { spec: { clusterIP, clusterIPs: [clusterIP] } })
  const ips = [`10.42.${at % 250}.1`, `10.42.${at % 250}.${last}`]
  const slice = testSlice(
    name,
    ips.map((ip) => ({ ip })),
  )
  objects.set(`default/${name}`, [service, [slice], node])
  return `default/${name}`
}

const sync = new FamilySync({
  ...facts,
  nft,
  clock: realClock,
  random: realRandom,
  log: silentLog,
  metrics: new ProxyMetrics(realClock, ['IPv4']),
  health: new ProxyHealth(realClock),
  conntrack: { deleteStale: async () => 0 },
  desired(owner) {
    const found = objects.get(owner)
    return found === undefined ? undefined : desiredOf(...found)
  },
  applied() {},
})

async function took(): Promise<Took> {
  nftMs = 0
  const started = realClock.elapsed()
  await sync.sync()
  return { nftMs, ownMs: realClock.elapsed() - started - nftMs }
}

for (let at = 0; at < services; at++) sync.mark(set(at, 2))
const full = await took()
const each: Took[] = []
for (let at = 0; at < changes; at++) {
  sync.mark(set((at * 37) % services, 3))
  each.push(await took())
}
const result: ProxyResult = { full, changes: each }
process.stdout.write(JSON.stringify(result))
