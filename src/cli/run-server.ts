import { asError, type Log } from '#base'
import { startServer, type Server } from '#cluster'
import { services } from './environment.ts'
import type { Args } from './flags.ts'
import { serverOptions } from './server-options.ts'
import { stopSignal } from './stop-signal.ts'

/** Runs a server until a signal ends it, or its store fails. Resolves with the exit code. */
export async function runServer(args: Args): Promise<number> {
  const options = await serverOptions(args)
  const failed = Promise.withResolvers<number>()
  const stopped = stopSignal()
  const running = await startServer({
    ...options,
    onFatal: (error) => {
      process.stderr.write(`k8ts: the store failed: ${error.message}\n`)
      failed.resolve(1)
    },
  })
  process.stdout.write(
    `k8ts: ready at ${running.url}, kubeconfig ${running.kubeconfig} (context k8ts)\n`,
  )
  const tidying = services.clock.timer(tidyAfterMs, () => tidyUp(options.log), { unref: true })
  const code = await Promise.race([stopped, failed.promise])
  tidying.cancel()
  await end(running, options.log)
  return code
}

/** By then controllers, addons and the first nodes have made what they make at first. */
const tidyAfterMs = 10_000
/** Looking through more takes long enough to be noticed. */
const tidyBytesMax = 96 << 20

/**
 * Gives back the memory that starting took. The engine does so only when it has collected once, which
 * on a server that has little to do takes hours.
 */
function tidyUp(log: Log): void {
  const { heapTotal } = process.memoryUsage()
  if (globalThis.gc === undefined || heapTotal > tidyBytesMax) return
  // Of all kinds, this is the one that lets go of empty pages.
  globalThis.gc({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  const after = process.memoryUsage().heapTotal
  log.debug('gave back what the start took', { before: heapTotal, after })
}

/** Longer than the bounds of all that `close` waits for. */
const endMs = 10_000

async function end(running: Server, log: Log): Promise<void> {
  const timer = services.clock.timer(endMs, () => process.exit(1), { unref: true })
  try {
    await running.close()
  } catch (error) {
    log.error('the end was not clean', { error: asError(error).message })
  }
  timer.cancel()
}
