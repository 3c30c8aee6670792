import type { ProxyResult } from './child/proxy.ts'
import { runChild } from './processes.ts'
import { median, type BenchRow } from './row.ts'

const services = 10_000
const changes = 50
const limitMs = 240_000

/** The rules of 10,000 Services of two endpoints each, at first and when one endpoint changes. */
export async function benchProxy(): Promise<readonly BenchRow[]> {
  const within = ['unshare', '--net', '--']
  const result = await runChild<ProxyResult>('proxy', { services, changes }, limitMs, within)
  const row = (name: string, value: number) => ({ name: `proxy: ${name}`, value, unit: 'ms' })
  return [
    row('10,000 Services at first, our part', result.full.ownMs),
    row('10,000 Services at first, nft', result.full.nftMs),
    row('one endpoint of one of them, our part', median(result.changes.map(({ ownMs }) => ownMs))),
    row('one endpoint of one of them, nft', median(result.changes.map(({ nftMs }) => nftMs))),
  ]
}
