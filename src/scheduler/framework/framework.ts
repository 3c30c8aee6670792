import { assert, must } from '#base'
import type { NodeTable } from '../node-table/node-table.ts'
import type { PodInfo, PodShape } from '../pod-info.ts'
import { plansMax } from '../limits.ts'
import type { Diagnosis } from './diagnosis.ts'
import { makePlan, type Plan } from './plan.ts'
import type { Handle, Plugin, PluginFactory, PostFilterResult, Waiting } from './plugin.ts'
import type { Profile } from './profile.ts'
import { Status } from './status.ts'

/**
 * The plugins of one profile, at work: one method per extension point, which asks the plugins that
 * have it in the profile's order. The first that says no ends it.
 */
export class Framework {
  readonly profile: Profile
  readonly plugins: readonly Plugin[]
  readonly less: (a: Waiting, b: Waiting) => boolean
  readonly #weights: ReadonlyMap<string, number>
  readonly #table: NodeTable
  readonly #plans = new Map<PodShape, Plan>()

  /** Throws a TypeError for a profile that cannot work. */
  constructor(profile: Profile, registry: Readonly<Record<string, PluginFactory>>, handle: Handle) {
    this.profile = profile
    this.#table = handle.table
    this.plugins = profile.plugins.map(({ name, args }) => {
      const make = Object.hasOwn(registry, name) ? registry[name] : undefined
      if (make === undefined) throw new TypeError(`there is no scheduler plugin ${name}`)
      return make(handle, args)
    })
    this.#weights = new Map(profile.plugins.map(({ name, weight = 1 }) => [name, weight]))
    const sorting = this.plugins.filter((plugin) => plugin.less !== undefined)
    if (sorting.length !== 1) {
      throw new TypeError(`profile ${profile.schedulerName} needs exactly one queue sort plugin`)
    }
    const sort = must(sorting[0], 'one plugin sorts the queue')
    this.less = (a, b) => sort.less?.(a, b) === true
    if (this.plugins.every((plugin) => plugin.bind === undefined)) {
      throw new TypeError(`profile ${profile.schedulerName} needs a bind plugin`)
    }
  }

  preEnqueue(pod: PodInfo): Status | undefined {
    return this.#first((plugin) => plugin.preEnqueue?.(pod))
  }

  /** Filters and scores for a pod; the same ones for pods of the same shape. */
  plan(pod: PodInfo): Plan {
    // A pod that names its node is one of a kind.
    const shared = (pod.pod.spec.nodeName ?? '') === ''
    const known = shared ? this.#plans.get(pod.shape) : undefined
    if (known !== undefined && known.layout === this.#table.layout) return known
    const plan = makePlan(this.plugins, this.#weights, this.#table, pod)
    if (shared) {
      if (this.#plans.size >= plansMax) this.#plans.clear()
      this.#plans.set(pod.shape, plan)
    }
    return plan
  }

  /** All plugins are asked until one has made room; the messages of the others come together. */
  postFilter(pod: PodInfo, diagnosis: Diagnosis): PostFilterResult {
    const messages: string[] = []
    let nominatedNodeName: string | undefined
    for (const plugin of this.plugins) {
      const result = plugin.postFilter?.(pod, diagnosis)
      if (result === undefined) continue
      if (result.message === '') return result
      messages.push(result.message)
      nominatedNodeName ??= result.nominatedNodeName
    }
    const message = messages.join(', ')
    return nominatedNodeName === undefined ? { message } : { message, nominatedNodeName }
  }

  reserve(pod: PodInfo, nodeName: string): Status | undefined {
    return named(
      'Reserve',
      this.#first((plugin) => plugin.reserve?.(pod, nodeName)),
    )
  }

  /** The last to reserve is the first to undo. */
  unreserve(pod: PodInfo, nodeName: string): void {
    for (const plugin of this.plugins.toReversed()) plugin.unreserve?.(pod, nodeName)
  }

  permit(pod: PodInfo, nodeName: string): Status | undefined {
    return named(
      'Permit',
      this.#first((plugin) => plugin.permit?.(pod, nodeName)),
    )
  }

  /** PreBind, Bind and PostBind. Rejects where a plugin does. */
  async bind(pod: PodInfo, nodeName: string): Promise<Status | undefined> {
    for (const plugin of this.plugins) {
      const status = await plugin.preBind?.(pod, nodeName)
      if (status !== undefined) return named('PreBind', status)
    }
    for (const plugin of this.plugins) {
      if (plugin.bind === undefined) continue
      const status = await plugin.bind(pod, nodeName)
      if (status === 'skip') continue
      if (status !== undefined) return named('Bind', status)
      for (const each of this.plugins) each.postBind?.(pod, nodeName)
      return undefined
    }
    assert(false, 'some plugin binds')
  }

  #first(ask: (plugin: Plugin) => Status | undefined): Status | undefined {
    for (const plugin of this.plugins) {
      const status = ask(plugin)
      if (status !== undefined) return status
    }
    return undefined
  }
}

/** What failed is said with the plugin and the point at which it failed. */
function named(point: string, status: Status | undefined): Status | undefined {
  if (status === undefined || status.rejected) return status
  const { plugin, code, message } = status
  return new Status(plugin, code, `running ${point} plugin "${plugin}": ${message}`)
}
