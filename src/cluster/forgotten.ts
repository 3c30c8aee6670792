const open = new Set<string>()
let listening = false

/**
 * Remembers where a cluster was started until it is disposed of. A process that ends with clusters
 * open says where they came from: a forgotten `await using` is otherwise hard to find.
 */
export function watchForForgottenClusters(): () => void {
  const stack = new Error().stack ?? ''
  // The first frames are this function's and startCluster's own.
  const place = `${stack.split('\n')[3]?.trim() ?? 'at an unknown place'} #${open.size}`
  open.add(place)
  if (!listening) {
    listening = true
    process.once('exit', report)
  }
  return () => open.delete(place)
}

function report(): void {
  for (const place of open) {
    process.stderr.write(
      `k8ts: a cluster was started ${place.replace(/ #\d+$/, '')} and never disposed of: ` +
        'use `await using cluster = await startCluster()`, or call cluster[Symbol.asyncDispose]()\n',
    )
  }
}
