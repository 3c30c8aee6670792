import {
  asError,
  Backoff,
  deferred,
  Slice,
  type Clock,
  type Deferred,
  type Log,
  type Random,
} from '#base'
import type { Nft } from '#linux'
import type { Conntrack } from './conntrack.ts'
import type { Desired } from './desired.ts'
import { familyNames, type Family } from './family.ts'
import type { ProxyHealth } from './health/proxy-health.ts'
import { retryBackoff, syncIntervalMinMs, syncPeriodMs, triggerTimesMax } from './limits.ts'
import type { ProxyMetrics } from './metrics.ts'
import { baseRules } from './rules/base-rules.ts'
import { affinityPrefix } from './rules/chain-names.ts'
import { chains } from './rules/names.ts'
import { Ruleset, type Change } from './rules/ruleset.ts'
import { fingerprint, mergeTargets, type UdpTargets } from './stale-flows.ts'

export interface FamilySyncOptions {
  readonly family: Family
  readonly nodeIps: readonly string[]
  readonly clusterCidrs: readonly string[]
  readonly nft: Nft
  readonly conntrack: Conntrack
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly metrics: ProxyMetrics
  readonly health: ProxyHealth
  /** What the owner wants now; undefined when it wants nothing. */
  desired(owner: string): Desired | undefined
  /** These owners' wishes are in the kernel. */
  applied(owners: ReadonlyMap<string, Desired | undefined>): void
}

/**
 * Keeps the table of one address family as it should be. Changes that come together, or while a
 * transaction is under way, are one transaction. One that the kernel refuses is tried again as a
 * rewrite of the whole table, which is one transaction too: rules that were there work on until the
 * new ones do.
 */
export class FamilySync {
  readonly #options: FamilySyncOptions
  readonly #ruleset: Ruleset
  readonly #udp = new Map<string, { readonly mark: string; readonly targets: UdpTargets }>()
  readonly #withoutLocal = new Map<string, Desired['withoutLocal']>()
  #dirty = new Set<string>()
  #triggeredAtMs: number[] = []
  /** What stands in the kernel is not known to be the ruleset: at first, and after a failure. */
  #rewrite = true
  #waiting: Deferred<'changes' | 'probe'> | undefined

  constructor(options: FamilySyncOptions) {
    this.#options = options
    this.#ruleset = new Ruleset(familyNames[options.family])
  }

  /** Something about this owner is new; `triggeredAtMs` is when what it comes from had happened. */
  mark(owner: string, triggeredAtMs?: number): void {
    const { health, metrics, family } = this.#options
    this.#dirty.add(owner)
    if (triggeredAtMs !== undefined && this.#triggeredAtMs.length < triggerTimesMax) {
      this.#triggeredAtMs.push(triggeredAtMs)
    }
    health.queued(family)
    metrics.queued(family)
    this.#waiting?.resolve('changes')
  }

  /** Nothing waits to be brought to the kernel. */
  get idle(): boolean {
    return this.#dirty.size === 0 && !this.#rewrite
  }

  /** Brings what is new to the kernel. Rejects with a LinuxError; the next call will rewrite. */
  async sync(): Promise<void> {
    const { clock, metrics, health, family } = this.#options
    const started = clock.elapsed()
    const owners = this.#dirty
    const triggeredAtMs = this.#triggeredAtMs
    const full = this.#rewrite
    this.#dirty = new Set()
    this.#triggeredAtMs = []
    try {
      const wanted = await this.#apply(owners)
      health.updated(family)
      if (this.#dirty.size > 0) health.queued(family)
      metrics.synced(family, { tookMs: clock.elapsed() - started, full, triggeredAtMs })
      this.#options.applied(wanted)
      this.#count(wanted)
      await this.#forgetFlows(wanted)
    } catch (error) {
      metrics.failed(family)
      this.#rewrite = true
      for (const owner of owners) this.#dirty.add(owner)
      this.#triggeredAtMs = [...triggeredAtMs, ...this.#triggeredAtMs].slice(0, triggerTimesMax)
      throw error
    }
  }

  /** Syncs whenever there is something new. Rejects when the signal fires, and never else. */
  async run(signal: AbortSignal): Promise<never> {
    const { clock, random, log, family } = this.#options
    const backoff = new Backoff(clock, random, retryBackoff)
    for (;;) {
      const due = await this.#due(signal)
      // What comes in the same turn goes in the same transaction.
      await clock.yield()
      const started = clock.elapsed()
      let pauseMs: number
      try {
        if (due === 'probe') await this.#probe()
        if (!this.idle) await this.sync()
        backoff.reset()
        // At most half of the time goes into transactions.
        pauseMs = Math.max(syncIntervalMinMs, clock.elapsed() - started)
      } catch (error) {
        log.warn('the rules of Services could not be changed', {
          family,
          error: asError(error).message,
        })
        pauseMs = backoff.next()
      }
      await clock.sleep(pauseMs, signal)
    }
  }

  /** One transaction, if any is needed. Resolves with what the owners want now. */
  async #apply(owners: ReadonlySet<string>): Promise<Map<string, Desired | undefined>> {
    const slice = new Slice(this.#options.clock)
    const wanted = new Map<string, Desired | undefined>()
    for (const owner of owners) {
      wanted.set(owner, this.#options.desired(owner))
      await slice.breathe()
    }
    const increment = await this.#ruleset.apply(changesOf(wanted), () => slice.breathe())
    const lines = this.#rewrite ? await this.#everything() : increment
    if (lines.length > 0) await this.#options.nft.apply(`${lines.join('\n')}\n`)
    this.#rewrite = false
    return wanted
  }

  async #everything(): Promise<string[]> {
    const { family, nodeIps, clusterCidrs, clock } = this.#options
    const slice = new Slice(clock)
    const members = await this.#affinities()
    return [
      ...baseRules(familyNames[family], { nodeIps, clusterCidrs }),
      ...(await this.#ruleset.full(members, () => slice.breathe())),
    ]
  }

  /** Clients stay with their endpoints when the table is made anew, for as long as they had left. */
  async #affinities(): Promise<ReadonlyMap<string, readonly string[]>> {
    const { nft, log, family } = this.#options
    const found = new Map<string, readonly string[]>()
    try {
      for (const { name, elements } of await nft.listSets(familyNames[family].table)) {
        if (!name.startsWith(affinityPrefix)) continue
        const members = elements.flatMap(({ value, timeoutSeconds, expiresSeconds }) =>
          timeoutSeconds === undefined || expiresSeconds === undefined || expiresSeconds < 1
            ? []
            : [`${value} timeout ${timeoutSeconds}s expires ${expiresSeconds}s`],
        )
        if (members.length > 0) found.set(name, members)
      }
    } catch (error) {
      log.warn('clients may get other endpoints than before', {
        family,
        error: asError(error).message,
      })
    }
    return found
  }

  /**
   * Whether someone has removed the rules, as `nft flush ruleset` does. This is asked and not heard:
   * nft's monitor needs hundreds of megabytes beside a large table, and loses events.
   */
  async #probe(): Promise<void> {
    const { nft, log, family } = this.#options
    const chain = await nft.listChain(familyNames[family].table, chains.services)
    if (chain?.includes('@service-ips') === true) return
    log.warn('the rules of Services were removed by someone else', { family })
    this.#rewrite = true
  }

  async #due(signal: AbortSignal): Promise<'changes' | 'probe'> {
    signal.throwIfAborted()
    if (!this.idle) return 'changes'
    const waiting = deferred<'changes' | 'probe'>()
    const onAbort = () => waiting.reject(asError(signal.reason))
    const onTimer = () => waiting.resolve('probe')
    this.#waiting = waiting
    signal.addEventListener('abort', onAbort, { once: true })
    const timer = this.#options.clock.timer(syncPeriodMs, onTimer, { unref: true })
    try {
      return await waiting.promise
    } finally {
      timer.cancel()
      signal.removeEventListener('abort', onAbort)
      this.#waiting = undefined
    }
  }

  #count(wanted: ReadonlyMap<string, Desired | undefined>): void {
    const { metrics, family } = this.#options
    for (const [owner, desired] of wanted) {
      const before = this.#withoutLocal.get(owner)
      const after = desired?.withoutLocal
      for (const policy of ['internal', 'external'] as const) {
        const by = (after?.[policy] ?? 0) - (before?.[policy] ?? 0)
        if (by !== 0) metrics.noLocalEndpoints(family, policy, by)
      }
      if (after !== undefined && after.internal + after.external > 0) {
        this.#withoutLocal.set(owner, after)
      } else this.#withoutLocal.delete(owner)
    }
  }

  /** Of Services whose UDP endpoints are others than before. */
  async #forgetFlows(wanted: ReadonlyMap<string, Desired | undefined>): Promise<void> {
    const { conntrack, metrics, clock, log, family } = this.#options
    const changed: UdpTargets[] = []
    for (const [owner, desired] of wanted) {
      const targets = desired?.udp
      if (targets === undefined) {
        this.#udp.delete(owner)
        continue
      }
      const mark = fingerprint(targets)
      if (this.#udp.get(owner)?.mark === mark) continue
      this.#udp.set(owner, { mark, targets })
      changed.push(targets)
    }
    if (changed.length === 0) return
    const started = clock.elapsed()
    try {
      const deleted = await conntrack.deleteStale(mergeTargets(changed))
      metrics.cleaned(family, deleted, clock.elapsed() - started)
    } catch (error) {
      log.warn('UDP flows to endpoints that are gone were not ended', {
        family,
        error: asError(error).message,
      })
    }
  }
}

function changesOf(wanted: ReadonlyMap<string, Desired | undefined>): Change[] {
  return [...wanted].map(([owner, desired]) => ({
    owner,
    since: desired?.since ?? '',
    rules: desired?.rules,
  }))
}
