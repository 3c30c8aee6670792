import { asError, type Clock, type Log } from '#base'
import type { Pki } from '#pki'
import { sleepUntil } from './wall-time.ts'

export interface RenewalOptions {
  readonly pki: Pki
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
  /** Takes the renewed certificates into use. Rejecting means: again, later. */
  readonly renewed: () => Promise<void>
}

const retryMs = 60 * 60_000

/**
 * Keeps a running server's certificates from expiring; in between it is one timer. Resolves when
 * the signal fires; never rejects.
 */
export async function renewCertificates(options: RenewalOptions): Promise<void> {
  const { pki, clock, log, signal, renewed } = options
  let unused = false
  while (!signal.aborted) {
    try {
      if (!unused) await sleepUntil(clock, pki.renewalMs, signal)
      unused = true
      const certificates = pki.renew()
      await renewed()
      unused = false
      log.info('certificates were renewed', { certificates })
    } catch (error) {
      if (signal.aborted) return
      log.error('certificates were not renewed', { error: asError(error).message })
      await clock.sleep(retryMs, signal).catch(() => {})
    }
  }
}
