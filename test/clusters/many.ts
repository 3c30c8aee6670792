import { ConfigMap } from '#api'
import { realClock } from '#base'
import { startCluster } from '#cluster'

/**
 * Starts and disposes of a thousand clusters, and says how many bytes each of the later ones has
 * left behind. `sh scripts/node.sh --expose-gc test/clusters/many.ts [COUNT]`
 */
const [warmUp, measured] = [50, Number(process.argv[2] ?? 950)]

async function runClusters(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await using cluster = await startCluster({ simulatedNodes: i % 10 === 0 ? 1 : 0 })
    const configMaps = cluster.client.resource(ConfigMap).namespace('default')
    await configMaps.create({ metadata: { name: 'one' }, data: { key: 'x'.repeat(10_000) } })
  }
}

async function bytesInUse(): Promise<number> {
  const { gc } = globalThis
  if (gc === undefined) throw new Error('run it with --expose-gc')
  gc()
  // What the last cluster has handed to the event loop is let go of in its next turn.
  await realClock.yield()
  gc()
  const { heapUsed, arrayBuffers, external } = process.memoryUsage()
  return heapUsed + Math.max(arrayBuffers, external)
}

await runClusters(warmUp)
const before = await bytesInUse()
await runClusters(measured)
console.log(Math.round(((await bytesInUse()) - before) / measured))
