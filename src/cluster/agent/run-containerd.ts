import { asError, Backoff } from '#base'
import { startContainerd, type Containerd, type ContainerdOptions } from '#kubelet'

export interface KeptContainerd extends AsyncDisposable {
  /** The one that runs now; the socket's path is the same for all. */
  readonly current: Containerd
}

const backoff = { initialMs: 100, maxMs: 10_000, jitter: 0.2, resetMs: 60_000 }

/**
 * A containerd that is started again whenever it ends. Disposal lets it go and leaves it running:
 * containers do not need their node's agent, and the next agent takes it over.
 */
export async function keepContainerd(options: ContainerdOptions): Promise<KeptContainerd> {
  const { clock, random, log } = options
  const stopping = new AbortController()
  let current = await startContainerd(options)
  const stopped = new Promise<void>((resolve) =>
    stopping.signal.addEventListener('abort', () => resolve()),
  )
  const run = async () => {
    const pause = new Backoff(clock, random, backoff)
    for (;;) {
      await Promise.race([current.ended, stopped])
      if (stopping.signal.aborted) return
      log.warn('containerd ended and is started again')
      await clock.sleep(pause.next(), stopping.signal).catch(() => {})
      if (stopping.signal.aborted) return
      current = await startContainerd(options).catch((error: unknown) => {
        log.error('containerd was not started', { error: asError(error).message })
        return current
      })
    }
  }
  const running = run()
  return {
    get current() {
      return current
    },
    async [Symbol.asyncDispose]() {
      stopping.abort()
      await running
    },
  }
}
