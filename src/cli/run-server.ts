import { asError, type Log } from '#base'
import { startServer, type Server } from '#cluster'
import { services } from './environment.ts'
import type { Args } from './flags.ts'
import { serverOptions } from './server-options.ts'
import { stopSignal } from './stop-signal.ts'
import { tidyUpLater } from './tidy-up.ts'

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
  using _ = tidyUpLater(services.clock, options.log)
  const code = await Promise.race([stopped, failed.promise])
  await end(running, options.log)
  return code
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
