import { Node, Pod } from '#api'
import { asError, must, Slice, type Clock, type Log, type Random, type Timer } from '#base'
import type { Client, EventBroadcaster, Informers } from '#client'
import { attempt, currentPod, type AttemptServices } from './attempt.ts'
import { Calls } from './calls.ts'
import { ClusterObjects } from './cluster-objects.ts'
import { ClusterState } from './cluster-state.ts'
import { followObjects } from './follow-objects.ts'
import { Framework } from './framework/framework.ts'
import type { Handle, PluginFactory } from './framework/plugin.ts'
import { defaultProfile, type Profile } from './framework/profile.ts'
import type { Status } from './framework/status.ts'
import { assumedMaxMs, housekeepingMs, sliceMs } from './limits.ts'
import { Metrics } from './metrics.ts'
import { NodeTable } from './node-table/node-table.ts'
import { PodInfos, qualifiedName, type PodInfo } from './pod-info.ts'
import { PodWriter } from './pod-writer.ts'
import { Preemption } from './preemption.ts'
import { registry } from './plugins/registry.ts'
import { SchedulingQueue, type QueuePlace } from './queue/scheduling-queue.ts'
import { Scheduling } from './schedule.ts'

export interface SchedulerOptions {
  /** With the identity of the scheduler: user system:kube-scheduler. */
  readonly client: Client
  /** Pods, nodes and what selects pods are asked of it; whoever made it starts and ends it. */
  readonly informers: Informers
  readonly events: Pick<EventBroadcaster, 'recorder'>
  readonly clock: Clock
  /** Decides between nodes that are equally good. */
  readonly random: Random
  readonly log: Log
  /** By default the one profile default-scheduler. All sort the queue in the same way. */
  readonly profiles?: readonly Profile[]
  /** Besides those that come along. */
  readonly plugins?: Readonly<Record<string, PluginFactory>>
}

/** A scheduler at work. Disposal ends it, and waits for the bindings under way. */
export interface Scheduler extends AsyncDisposable {
  /** Rejects when the scheduler ended by itself, which it does only by a defect. */
  readonly ended: Promise<void>
  /** In the exposition format of Prometheus. */
  metrics(): string
  /** How many pods wait, by where. */
  pending(): Readonly<Record<QueuePlace, number>>
}

/**
 * Gives pods without a node one, as kube-scheduler does: those whose `spec.schedulerName` is a
 * profile's. Begins when the informers are synced; until then nothing is decided.
 *
 * One decision at a time, from the node table, which counts what was decided before; binding goes
 * on in the background, a bounded number at a time. The loop yields every few milliseconds. With
 * the same clock, the same random source and the same order of events it decides the same.
 *
 * Throws a TypeError for profiles that cannot work.
 */
export function startScheduler(options: SchedulerOptions): Scheduler {
  return new RunningScheduler(options)
}

class RunningScheduler implements Scheduler {
  readonly ended: Promise<void>
  readonly #clock: Clock
  readonly #log: Log
  readonly #informers: Informers
  readonly #services: AttemptServices
  readonly #objects = new ClusterObjects()
  readonly #stopping = new AbortController()
  /** Ends the loop's present wait. */
  #wake = () => {}
  #timer: Timer | undefined

  constructor(options: SchedulerOptions) {
    const { clock, log, informers, client, random, events } = options
    this.#clock = clock
    this.#log = log
    this.#informers = informers
    const table = new NodeTable()
    const infos = new PodInfos()
    const metrics = new Metrics()
    const writer = new PodWriter(client, clock)
    const preemption = new Preemption()
    const handle: Handle = {
      table,
      objects: this.#objects,
      filter: (pod, row) => this.#filter(pod, row),
      nominatedNode: ({ uid }) => this.#services.queue.nominator.nodeOf(uid),
      isBeingEvicted: ({ uid }) => preemption.isUnderWay(uid),
      bind: (pod, node) => writer.bind(pod, node),
    }
    const frameworks = makeFrameworks(options, handle)
    const queue = new SchedulingQueue(frameworks, (place, event) => metrics.incoming(place, event))
    const isOurs = (pod: Pod) => frameworks.has(pod.spec.schedulerName)
    this.#services = {
      clock,
      log,
      table,
      queue,
      infos,
      metrics,
      writer,
      preemption,
      frameworks,
      state: new ClusterState(table, queue, infos, isOurs),
      scheduling: new Scheduling(table, random),
      recorders: new Map(
        [...frameworks.keys()].map((component) => [
          component,
          events.recorder({ component, api: 'events.k8s.io/v1' }),
        ]),
      ),
      pods: informers.of(Pod).lister,
      calls: new Calls(() => this.#wake()),
    }
    this.ended = this.#run()
    // Whoever does not look at it hears of it by the log.
    this.ended.catch((error: unknown) => {
      log.error('the scheduler has ended', { error: asError(error).message })
    })
  }

  metrics(): string {
    const { metrics, table, calls } = this.#services
    const cache = {
      assumed_pods: table.assumedCount,
      nodes: table.nodeCount,
      pods: table.podCount,
    }
    return metrics.text({ pending: this.pending(), cache, binding: calls.count })
  }

  pending(): Readonly<Record<QueuePlace, number>> {
    return this.#services.queue.counts()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort(new Error('the scheduler stops'))
    this.#wake()
    await this.ended.catch(() => {})
    await this.#services.calls.settled()
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    const objects = followObjects(this.#informers, this.#objects)
    const unfollow = this.#follow()
    try {
      await Promise.all([
        objects.whenSynced(signal),
        this.#informers.of(Pod).whenSynced(signal),
        this.#informers.of(Node).whenSynced(signal),
      ])
      this.#keepHouse()
      await this.#loop()
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      unfollow()
      objects.end()
      this.#timer?.cancel()
    }
  }

  async #loop(): Promise<void> {
    const { queue, calls } = this.#services
    const slice = new Slice(this.#clock, sliceMs)
    while (!this.#stopping.signal.aborted) {
      const taken = calls.full ? undefined : queue.pop(this.#clock.elapsed())
      if (taken === undefined) {
        await this.#untilWoken()
        continue
      }
      attempt(this.#services, taken)
      await slice.breathe()
    }
  }

  /** Something has happened, or a pod's backoff is over. */
  #untilWoken(): Promise<void> {
    return new Promise((resolve) => {
      const { queue, calls } = this.#services
      const nowMs = this.#clock.elapsed()
      const nextMs = calls.full ? undefined : queue.nextMs(nowMs)
      const timer =
        nextMs === undefined
          ? undefined
          : this.#clock.timer(Math.max(0, nextMs - nowMs), () => this.#wake(), { unref: true })
      this.#wake = () => {
        timer?.cancel()
        this.#wake = () => {}
        resolve()
      }
    })
  }

  #follow(): () => void {
    const { state } = this.#services
    const tell = (change: (nowMs: number) => void) => {
      change(this.#clock.elapsed())
      this.#wake()
    }
    const unfollowNodes = this.#informers.of(Node).addHandler({
      added: (node) => tell((nowMs) => state.nodeAdded(node, nowMs)),
      updated: (node, old) => tell((nowMs) => state.nodeUpdated(node, old, nowMs)),
      deleted: (node) => tell((nowMs) => state.nodeDeleted(node, nowMs)),
    })
    const unfollowPods = this.#informers.of(Pod).addHandler({
      added: (pod) => tell((nowMs) => state.podAdded(pod, nowMs)),
      updated: (pod, old) => tell((nowMs) => state.podUpdated(pod, old, nowMs)),
      deleted: (pod) => tell((nowMs) => state.podDeleted(pod, nowMs)),
    })
    return () => {
      unfollowNodes()
      unfollowPods()
    }
  }

  #filter(pod: PodInfo, row: number): Status | undefined {
    const { scheduling, frameworks, queue } = this.#services
    const framework = must(frameworks.get(pod.pod.spec.schedulerName), 'the pod is of a profile')
    return scheduling.filter(framework, pod, row, (name) => queue.nominator.on(name))
  }

  #keepHouse(): void {
    const { table, queue, calls } = this.#services
    const nowMs = this.#clock.elapsed()
    queue.flush(nowMs)
    for (const pod of table.unconfirmed(nowMs - assumedMaxMs)) {
      if (calls.full) break
      calls.start(() => this.#confirm(pod))
    }
    this.#wake()
    this.#timer = this.#clock.timer(housekeepingMs, () => this.#keepHouse(), { unref: true })
  }

  /** A binding was accepted long ago and the informer has not shown it: asks the API server. */
  async #confirm(pod: PodInfo): Promise<void> {
    const { table, state } = this.#services
    const current = await currentPod(this.#services, pod)
    if (!table.isAssumed(pod.uid)) return
    const nowMs = this.#clock.elapsed()
    state.podDeleted(pod.pod, nowMs)
    if (current !== undefined) state.podAdded(current, nowMs)
    this.#log.warn('a binding was never confirmed', {
      pod: qualifiedName(pod),
      node: current?.spec.nodeName ?? '',
    })
  }
}

function makeFrameworks(
  { profiles = [defaultProfile], plugins = {} }: SchedulerOptions,
  handle: Handle,
): ReadonlyMap<string, Framework> {
  const all = { ...registry, ...plugins }
  const frameworks = new Map<string, Framework>()
  for (const profile of profiles) {
    if (frameworks.has(profile.schedulerName)) {
      throw new TypeError(`two profiles are called ${profile.schedulerName}`)
    }
    frameworks.set(profile.schedulerName, new Framework(profile, all, handle))
  }
  if (frameworks.size === 0) throw new TypeError('a scheduler needs a profile')
  return frameworks
}
