import { assert, must } from '#base'
import { eventName, type ClusterEvent, type QueueingHint } from '../framework/cluster-event.ts'
import type { Waiting } from '../framework/plugin.ts'
import type { Status } from '../framework/status.ts'
import { backoffMaxMs, initialBackoffMs, unschedulableMaxMs } from '../limits.ts'
import type { PodInfo, PodShape } from '../pod-info.ts'
import { Heap } from './heap.ts'
import { Nominator } from './nominator.ts'

/** A profile's part in the queue: the framework is one. */
export interface QueueRules {
  readonly plugins: readonly { readonly name: string; readonly events?: readonly QueueingHint[] }[]
  preEnqueue(pod: PodInfo): Status | undefined
  less(a: Waiting, b: Waiting): boolean
}

export type QueuePlace = 'active' | 'backoff' | 'gated' | 'unschedulable'

/** A pod without a node, and its story. Changed only by the queue. */
export interface QueuedPod extends Waiting {
  readonly place: QueuePlace | 'none'
  /** Attempts so far, this one included once it was taken. */
  readonly attempts: number
  /** When it was first tried. */
  readonly firstAttemptMs: number | undefined
  /** Plugins that have rejected it at the last attempt; they say which events help. */
  readonly rejectedBy: ReadonlySet<string>
}

/** Told of each pod that comes into a part of the queue, and why. */
export type IncomingObserver = (place: QueuePlace, event: string) => void

/**
 * Pods that wait for a node. Each is in one of four places:
 *
 * - `active`: to be tried, in the order of the profile's sort plugin;
 * - `backoff`: to be tried when some time has passed since its last attempt: a second after the
 *   first one, doubled with each further one, at most ten;
 * - `unschedulable`: fits nowhere, until an event comes of which a plugin that rejected it says
 *   that it helps; after five minutes it is tried again all the same;
 * - `gated`: a plugin does not let it be tried at all.
 *
 * Pure: times come as arguments, in milliseconds of a clock that does not go back. A pod that was
 * taken (`pop`) is in none of them until it is put back or is gone. Between its taking and a
 * rejection no event can come in between, for a decision is one synchronous step.
 */
export class SchedulingQueue {
  readonly nominator = new Nominator()
  readonly #profiles: ReadonlyMap<string, QueueRules>
  /** Names of events that some plugin wants to hear of. */
  readonly #heard: ReadonlySet<string>
  readonly #onIncoming: IncomingObserver
  readonly #active: Heap<Entry>
  readonly #backoff = new Heap<Entry>(soonest)
  /** Backing off because something failed, not because no node fits. */
  readonly #errorBackoff = new Heap<Entry>(soonest)
  /** In the order in which they came there. */
  readonly #unschedulable = new Map<string, Entry>()
  readonly #gated = new Map<string, Entry>()
  /** All of the four, by uid. */
  readonly #entries = new Map<string, Entry>()
  #sequence = 0

  /** Profiles by the scheduler's name that pods ask for; the first one's sort plugin sorts all. */
  constructor(profiles: ReadonlyMap<string, QueueRules>, onIncoming: IncomingObserver = () => {}) {
    const all = [...profiles.values()]
    const first = must(all[0], 'a queue has a profile')
    this.#profiles = profiles
    this.#active = new Heap<Entry>((a, b) => first.less(a, b))
    this.#onIncoming = onIncoming
    const hints = all.flatMap(({ plugins }) => plugins.flatMap(({ events = [] }) => events))
    this.#heard = new Set(
      hints.flatMap(({ resource, actions }) => actions.map((action) => `${resource}${action}`)),
    )
  }

  counts(): Readonly<Record<QueuePlace, number>> {
    return {
      active: this.#active.size,
      backoff: this.#backoff.size + this.#errorBackoff.size,
      unschedulable: this.#unschedulable.size,
      gated: this.#gated.size,
    }
  }

  get(uid: string): QueuedPod | undefined {
    return this.#entries.get(uid)
  }

  /** A pod without a node has come into being. */
  add(pod: PodInfo, nowMs: number): void {
    assert(!this.#entries.has(pod.uid), 'a pod is added to the queue once')
    const entry: Entry = {
      pod,
      sinceMs: nowMs,
      sequence: this.#sequence++,
      place: 'none',
      attempts: 0,
      failures: 0,
      firstAttemptMs: undefined,
      rejectedBy: new Set(),
      readyMs: nowMs,
      afterError: false,
      heapIndex: -1,
    }
    this.nominator.set(pod)
    this.#admit(entry, nowMs, 'PodAdd')
  }

  /** A pod in the queue has changed; one that is not in it is left alone. */
  update(pod: PodInfo, nowMs: number, events: readonly ClusterEvent[]): void {
    const entry = this.#entries.get(pod.uid)
    if (entry === undefined) return
    entry.pod = pod
    this.nominator.set(pod)
    if (entry.place === 'gated') {
      this.#leave(entry)
      this.#admit(entry, nowMs, events[0] === undefined ? 'PodUpdate' : eventName(events[0]))
    } else if (entry.place === 'unschedulable') {
      const helpful = events.find((event) => this.#helps(entry, event))
      if (helpful !== undefined) this.#requeue(entry, nowMs, eventName(helpful))
    }
  }

  /** The pod is gone, or has a node. */
  delete(uid: string): void {
    this.nominator.delete(uid)
    const entry = this.#entries.get(uid)
    if (entry === undefined) return
    this.#leave(entry)
    this.#entries.delete(uid)
  }

  /**
   * Takes the pod that is to be tried next. When none is due, one that is backing off comes early:
   * there is nothing better to do.
   */
  pop(nowMs: number): QueuedPod | undefined {
    this.#endBackoffs(nowMs)
    // Errors are of the API or of a plugin: after one a pod waits its time, whatever the queue.
    const entry = this.#active.first ?? this.#backoff.first
    if (entry === undefined) return undefined
    this.#leave(entry)
    this.#entries.delete(entry.pod.uid)
    entry.attempts++
    entry.firstAttemptMs ??= nowMs
    return entry
  }

  /** Puts a pod back that no node fits. `pod` is its newest version. */
  putBackUnschedulable(
    taken: QueuedPod,
    pod: PodInfo,
    rejectedBy: ReadonlySet<string>,
    nowMs: number,
  ): void {
    const entry = this.#return(taken, pod, nowMs)
    entry.rejectedBy = rejectedBy
    this.#enter(entry, 'unschedulable', 'ScheduleAttemptFailure')
  }

  /** Puts a pod back that could not be tried or bound; it is tried again after its backoff. */
  putBackFailed(taken: QueuedPod, pod: PodInfo, nowMs: number): void {
    const entry = this.#return(taken, pod, nowMs)
    entry.rejectedBy = new Set()
    entry.afterError = true
    this.#enter(entry, 'backoff', 'ScheduleAttemptFailure')
  }

  /** Something has happened: pods that it helps may be tried again. */
  move(event: ClusterEvent, nowMs: number): void {
    if (!this.#heard.has(eventName(event))) return
    // Hints look at shapes, so pods of one shape with the same rejections get one answer.
    const answers = new Map<PodShape, { plugins: ReadonlySet<string>; helps: boolean }[]>()
    for (const entry of this.#unschedulable.values()) {
      let known = answers.get(entry.pod.shape)
      if (known === undefined) answers.set(entry.pod.shape, (known = []))
      let answer = known.find(({ plugins }) => sameSet(plugins, entry.rejectedBy))
      if (answer === undefined) {
        answer = { plugins: entry.rejectedBy, helps: this.#helps(entry, event) }
        known.push(answer)
      }
      if (answer.helps) this.#requeue(entry, nowMs, eventName(event))
    }
  }

  /** What the pod waits for will not come: it is tried again. */
  retry(uid: string, nowMs: number): void {
    const entry = this.#entries.get(uid)
    if (entry?.place === 'unschedulable') this.#requeue(entry, nowMs, 'PreemptionFailed')
  }

  /**
   * When there will be something to `pop` without anything happening; undefined: never. Pods that
   * back off after a rejection can be taken at once.
   */
  nextMs(nowMs: number): number | undefined {
    if (this.#active.size > 0 || this.#backoff.size > 0) return nowMs
    return this.#errorBackoff.first?.readyMs
  }

  /** Pods that have waited too long for an event are tried again. */
  flush(nowMs: number): void {
    for (const entry of this.#unschedulable.values()) {
      if (nowMs - entry.sinceMs < unschedulableMaxMs) return
      this.#requeue(entry, nowMs, 'UnschedulableTimeout')
    }
  }

  checkInvariants(): void {
    const { active, backoff, unschedulable, gated } = this.counts()
    assert(
      active + backoff + unschedulable + gated === this.#entries.size,
      'each pod in the queue is in one place',
    )
    for (const [uid, entry] of this.#entries) {
      assert(entry.pod.uid === uid, 'a pod is found by its uid')
      const inHeap = entry.place === 'active' || entry.place === 'backoff'
      assert(entry.heapIndex >= 0 === inHeap, 'pods to be tried are in a heap, others are not')
    }
  }

  #admit(entry: Entry, nowMs: number, event: string): void {
    entry.sinceMs = nowMs
    const gate = this.#rules(entry.pod).preEnqueue(entry.pod)
    this.#enter(entry, gate === undefined ? 'active' : 'gated', event)
  }

  /** From unschedulable to where it may be tried. */
  #requeue(entry: Entry, nowMs: number, event: string): void {
    this.#leave(entry)
    if (this.#rules(entry.pod).preEnqueue(entry.pod) !== undefined) {
      this.#enter(entry, 'gated', event)
      return
    }
    entry.afterError = false
    if (entry.readyMs <= nowMs) entry.sinceMs = nowMs
    this.#enter(entry, entry.readyMs > nowMs ? 'backoff' : 'active', event)
  }

  #endBackoffs(nowMs: number): void {
    for (const heap of [this.#backoff, this.#errorBackoff]) {
      for (let first = heap.first; first !== undefined; first = heap.first) {
        if (first.readyMs > nowMs) break
        this.#leave(first)
        first.sinceMs = nowMs
        this.#enter(first, 'active', 'BackoffComplete')
      }
    }
  }

  #return(taken: QueuedPod, pod: PodInfo, nowMs: number): Entry {
    assert(taken.place === 'none', 'a pod that is put back was taken')
    assert(!this.#entries.has(pod.uid), 'a pod that is put back has not come by another way')
    // What was handed out is the entry itself, which only this class makes.
    const entry = taken as Entry
    entry.pod = pod
    entry.sinceMs = nowMs
    entry.failures++
    entry.readyMs = nowMs + backoffMs(entry.failures)
    entry.afterError = false
    return entry
  }

  #enter(entry: Entry, place: QueuePlace, event: string): void {
    const { uid } = entry.pod
    entry.place = place
    this.#entries.set(uid, entry)
    switch (place) {
      case 'active':
        this.#active.push(entry)
        break
      case 'backoff':
        this.#backoffOf(entry).push(entry)
        break
      case 'unschedulable':
        this.#unschedulable.set(uid, entry)
        break
      case 'gated':
        this.#gated.set(uid, entry)
        break
    }
    this.#onIncoming(place, event)
  }

  #leave(entry: Entry): void {
    if (entry.place === 'active') this.#active.remove(entry)
    if (entry.place === 'backoff') this.#backoffOf(entry).remove(entry)
    this.#unschedulable.delete(entry.pod.uid)
    this.#gated.delete(entry.pod.uid)
    entry.place = 'none'
  }

  #rules({ pod }: PodInfo): QueueRules {
    return must(this.#profiles.get(pod.spec.schedulerName), 'a pod in the queue names a profile')
  }

  #backoffOf(entry: Entry): Heap<Entry> {
    return entry.afterError ? this.#errorBackoff : this.#backoff
  }

  #helps(entry: Entry, event: ClusterEvent): boolean {
    // Rejected by nobody in particular, for there was no node: what helps others may help.
    if (entry.rejectedBy.size === 0) return true
    return this.#rules(entry.pod).plugins.some(
      ({ name, events = [] }) =>
        entry.rejectedBy.has(name) && events.some((hint) => answers(hint, entry.pod, event)),
    )
  }
}

/** How long a pod waits after so many failed attempts. */
export function backoffMs(failures: number): number {
  return Math.min(backoffMaxMs, initialBackoffMs * 2 ** Math.max(0, failures - 1))
}

interface Entry extends QueuedPod {
  pod: PodInfo
  sinceMs: number
  place: QueuePlace | 'none'
  attempts: number
  /** Attempts that have failed. */
  failures: number
  firstAttemptMs: number | undefined
  rejectedBy: ReadonlySet<string>
  /** When its backoff is over. */
  readyMs: number
  /** It backs off because something failed, not because no node fits. */
  afterError: boolean
  heapIndex: number
}

function soonest(a: Entry, b: Entry): boolean {
  return a.readyMs === b.readyMs ? a.sequence < b.sequence : a.readyMs < b.readyMs
}

function answers(hint: QueueingHint, pod: PodInfo, event: ClusterEvent): boolean {
  if (hint.resource !== event.resource || !hint.actions.includes(event.action)) return false
  return hint.helps?.(pod, event) ?? true
}

function sameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a === b || (a.size === b.size && a.isSubsetOf(b))
}
