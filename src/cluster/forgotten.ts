const open = new Set<{ readonly place: string }>()
let listening = false

/** Where the function that calls this one was called from. */
export function placeOfCall(callee: (...args: never[]) => unknown): string {
  const trace: { stack?: string } = {}
  Error.captureStackTrace(trace, callee)
  return trace.stack?.split('\n')[1]?.trim() ?? 'at an unknown place'
}

/**
 * Remembers where a cluster was started until it is disposed of. A process that ends with clusters
 * open says where they came from: a forgotten `await using` is otherwise hard to find.
 */
export function watchForForgottenClusters(place: string): () => void {
  const started = { place }
  open.add(started)
  if (!listening) {
    listening = true
    process.once('exit', report)
  }
  return () => open.delete(started)
}

function report(): void {
  for (const { place } of open) {
    process.stderr.write(
      `k8ts: a cluster was started ${place} and never disposed of: ` +
        'use `await using cluster = await startCluster()`, or call cluster[Symbol.asyncDispose]()\n',
    )
  }
}
