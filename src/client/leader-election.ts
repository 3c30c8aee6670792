import { asError, assert, formatMicroTime, type Clock, type Log, type Random } from '#base'
import { Lease, type LeaseInput } from '#api'
import { hasReason } from '#machinery'
import type { Client, ResourceClient } from './client.ts'
import type { EventRecorder, RecordedEvent } from './events.ts'

export interface LeaderElectionOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** The Lease that the candidates share. */
  readonly lease: { readonly namespace: string; readonly name: string }
  /** Unique among them, such as hostname_uuid. */
  readonly identity: string
  /** A leader that did not renew for so long may be replaced; whole seconds; default 15 s. */
  readonly leaseDurationMs?: number
  /** A leader that cannot renew for so long stops; default 10 s, below `leaseDurationMs`. */
  readonly renewDeadlineMs?: number
  /** Between two attempts; default 2 s, well below `renewDeadlineMs`. */
  readonly retryPeriodMs?: number
  /** Tells of leaders that come and go, on the Lease. */
  readonly recorder?: EventRecorder | undefined
  /** Hears of every leader that is observed, oneself included. */
  readonly onLeader?: ((identity: string) => void) | undefined
}

/** Another candidate holds the lease, or may by now. Upstream's components exit on it. */
export class LeadershipLostError extends Error {
  override readonly name = 'LeadershipLostError'
}

/**
 * Waits until this candidate leads, then runs `work` once, for as long as it leads (client-go's
 * LeaderElector). The signal given to `work` fires when the leadership ends for whatever reason;
 * nothing else happens until `work` has ended, so it must then end soon. Only after that is the
 * lease released, and another candidate need not wait for it to expire.
 *
 * Resolves when `signal` fires or `work` ends; rejects with what `work` rejects with, and with a
 * LeadershipLostError when the lease could not be renewed in time.
 *
 * Not promised, as with any lease: that clocks run at the same rate. Expiry is measured on the
 * local clock since the lease was last seen to change; the times in it are only for people.
 */
export async function runAsLeader(
  client: Client,
  options: LeaderElectionOptions,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const candidate = new Candidate(client, options)
  if (!(await candidate.acquire(signal))) return
  if (signal.aborted) return candidate.release()
  const leading = new AbortController()
  // However the work ends, there is nothing to renew for afterwards.
  const over = new AbortController()
  const end = () => over.abort()
  signal.addEventListener('abort', end, { once: true })
  let failure: Error | undefined
  const working = work(leading.signal)
    .catch((error: unknown) => {
      if (!leading.signal.aborted) failure = asError(error)
    })
    .finally(end)
  const kept = await candidate.renew(over.signal)
  leading.abort(kept ? signal.reason : new LeadershipLostError('leader election lost'))
  await working
  signal.removeEventListener('abort', end)
  candidate.stopped()
  if (!kept) throw new LeadershipLostError('leader election lost')
  await candidate.release()
  if (failure !== undefined) throw failure
}

/** client-go spreads attempts to acquire by this part of the retry period. */
const acquireJitter = 1.2

class Candidate {
  readonly #leases: ResourceClient<Lease, LeaseInput>
  readonly #options: Required<Omit<LeaderElectionOptions, 'recorder' | 'onLeader'>> &
    LeaderElectionOptions
  #observed: Lease | undefined
  /** Elapsed time when the lease was first seen as it is now. */
  #observedAt = 0

  constructor(client: Client, options: LeaderElectionOptions) {
    this.#options = {
      leaseDurationMs: 15_000,
      renewDeadlineMs: 10_000,
      retryPeriodMs: 2_000,
      ...options,
    }
    const { leaseDurationMs, renewDeadlineMs, retryPeriodMs, identity, lease } = this.#options
    assert(identity !== '', 'a candidate has an identity')
    assert(leaseDurationMs > renewDeadlineMs, 'a leader stops before it may be replaced')
    assert(renewDeadlineMs > retryPeriodMs * acquireJitter, 'a leader tries to renew in time')
    this.#leases = client.resource(Lease).namespace(lease.namespace)
  }

  /** False when the signal fired first. */
  async acquire(signal: AbortSignal): Promise<boolean> {
    const { clock, random, retryPeriodMs, identity, recorder, log } = this.#options
    while (!signal.aborted) {
      if (await this.#acquireOrRenew(this.#options.renewDeadlineMs)) {
        log.info('became leader')
        recorder?.record(this.#target(), leaderEvent(`${identity} became leader`))
        return true
      }
      const waitMs = retryPeriodMs * (1 + acquireJitter * random.fraction())
      await clock.sleep(waitMs, signal).catch(() => {})
    }
    return false
  }

  /** True when the signal fired, false when the lease was lost. */
  async renew(signal: AbortSignal): Promise<boolean> {
    const { clock, retryPeriodMs, renewDeadlineMs } = this.#options
    let renewedAt = clock.elapsed()
    for (;;) {
      const leftMs = renewedAt + renewDeadlineMs - clock.elapsed()
      if (leftMs <= 0) return false
      await clock.sleep(Math.min(retryPeriodMs, leftMs), signal).catch(() => {})
      if (signal.aborted) return true
      const startedAt = clock.elapsed()
      const limitMs = renewedAt + renewDeadlineMs - startedAt
      if (limitMs <= 0) return false
      if (await this.#acquireOrRenew(limitMs)) renewedAt = startedAt
      else if (!this.#leads) return false
    }
  }

  stopped(): void {
    const { identity, recorder, log } = this.#options
    log.info('stopped leading')
    recorder?.record(this.#target(), leaderEvent(`${identity} stopped leading`))
  }

  /** Lets the next candidate in at once. If that fails, the lease expires instead. */
  async release(): Promise<void> {
    const { clock, log, renewDeadlineMs } = this.#options
    const lease = this.#observed
    if (lease === undefined || !this.#leads) return
    const now = formatMicroTime(clock.now())
    const { holderIdentity: _, ...spec } = lease.spec
    const released = { ...spec, leaseDurationSeconds: 1, renewTime: now, acquireTime: now }
    try {
      await this.#bounded(renewDeadlineMs, (signal) =>
        this.#leases.update({ ...lease, spec: released }, { signal }),
      )
    } catch (error) {
      log.warn('the lease was not released', { error: asError(error).message })
    }
  }

  get #leads(): boolean {
    return this.#observed?.spec.holderIdentity === this.#options.identity
  }

  /** One attempt, given up after `limitMs`. */
  async #acquireOrRenew(limitMs: number): Promise<boolean> {
    try {
      return await this.#bounded(limitMs, (signal) => this.#attempt(signal))
    } catch (error) {
      this.#options.log.debug('the lease was not taken', { error: asError(error).message })
      return false
    }
  }

  async #attempt(signal: AbortSignal): Promise<boolean> {
    const { clock, lease } = this.#options
    // A leader knows its lease; if somebody changed it, the update says so.
    const known = this.#leads ? this.#observed : undefined
    if (known !== undefined) {
      try {
        await this.#take(known, signal)
        return true
      } catch (error) {
        if (!hasReason(error, 'Conflict') && !hasReason(error, 'NotFound')) throw error
      }
    }
    const current = await this.#read(signal)
    if (current === undefined) {
      const { name, namespace } = lease
      this.#observe(
        await this.#leases.create(
          { metadata: { name, namespace }, spec: this.#spec(undefined) },
          { signal },
        ),
      )
      return true
    }
    this.#observe(current)
    const { holderIdentity = '', leaseDurationSeconds = 0 } = current.spec
    const expiresAt = this.#observedAt + leaseDurationSeconds * 1000
    if (!this.#leads && holderIdentity !== '' && expiresAt > clock.elapsed()) return false
    await this.#take(current, signal)
    return true
  }

  async #read(signal: AbortSignal): Promise<Lease | undefined> {
    try {
      return await this.#leases.get(this.#options.lease.name, { signal })
    } catch (error) {
      if (hasReason(error, 'NotFound')) return undefined
      throw error
    }
  }

  async #take(lease: Lease, signal: AbortSignal): Promise<void> {
    const spec = { ...lease.spec, ...this.#spec(lease) }
    this.#observe(await this.#leases.update({ ...lease, spec }, { signal }))
  }

  /** What the lease says when this candidate holds it. */
  #spec(old: Lease | undefined) {
    const { clock, identity, leaseDurationMs } = this.#options
    const now = formatMicroTime(clock.now())
    const renews = old?.spec.holderIdentity === identity
    const transitions = old?.spec.leaseTransitions ?? 0
    return {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000),
      acquireTime: renews ? (old?.spec.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: old === undefined || renews ? transitions : transitions + 1,
    }
  }

  #observe(lease: Lease): void {
    const before = this.#observed
    if (before?.metadata.resourceVersion === lease.metadata.resourceVersion) return
    this.#observed = lease
    this.#observedAt = this.#options.clock.elapsed()
    const holder = lease.spec.holderIdentity ?? ''
    if (holder !== '' && holder !== before?.spec.holderIdentity) this.#options.onLeader?.(holder)
  }

  async #bounded<T>(limitMs: number, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const giveUp = new AbortController()
    const timer = this.#options.clock.timer(limitMs, () => giveUp.abort())
    try {
      return await call(giveUp.signal)
    } finally {
      timer.cancel()
    }
  }

  #target() {
    const { namespace, name } = this.#options.lease
    const { uid, resourceVersion } = this.#observed?.metadata ?? {}
    return {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      namespace,
      name,
      uid,
      resourceVersion,
    }
  }
}

function leaderEvent(message: string): RecordedEvent {
  return { type: 'Normal', reason: 'LeaderElection', message }
}
