import { startCluster } from '#cluster'

// Two from the same line: one is disposed of, the other one is forgotten.
for (const disposed of [true, false]) {
  const cluster = await startCluster({ apiOnly: true })
  if (disposed) await cluster[Symbol.asyncDispose]()
}
process.exit(0)
