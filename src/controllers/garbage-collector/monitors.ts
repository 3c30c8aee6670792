import { builtinResources } from '#api'
import { withTimeout } from '#base'
import { Informers, type Informer, type InformerHandler } from '#client'
import { formatGroupVersion, type KubeObject, type Resource } from '#machinery'
import type { ControllerContext } from '../framework/controller.ts'
import {
  discover,
  resourceOf,
  type DiscoveredResource,
  type Discovery,
} from '../framework/discovery.ts'

/** A kind that cannot be listed for so long no longer holds the others up. */
const syncLimitMs = 30_000

const builtin: ReadonlySet<Resource> = new Set(builtinResources)

/** Who hears of every object of every kind. */
export interface MonitorHandler {
  set(object: KubeObject, resource: Resource): void
  delete(object: KubeObject): void
  /** Nothing more will be heard of the kind, of which there is no more. */
  ended(resource: Resource): void
  /** Everything there is has been heard of. May be called again when kinds were added. */
  settled(): void
}

/**
 * Watches all kinds whose objects can be deleted, those that come and go included, and knows
 * which resource a kind is.
 */
export class Monitors {
  readonly #context: ControllerContext
  readonly #handler: MonitorHandler
  readonly #monitors = new Map<string, Monitor>()
  #kinds: ReadonlyMap<string, DiscoveredResource> = new Map()
  #unsynced = 0
  #discovered = false

  constructor(context: ControllerContext, handler: MonitorHandler) {
    this.#context = context
    this.#handler = handler
  }

  get settled(): boolean {
    return this.#discovered && this.#unsynced === 0
  }

  /** The resource of a kind, undefined where the server knows of none. */
  resourceOf(apiVersion: string, kind: string): DiscoveredResource | undefined {
    return this.#kinds.get(`${apiVersion}/${kind}`)
  }

  /** Asks what kinds there are, watches new ones and stops watching those that are gone. */
  async refresh(signal: AbortSignal): Promise<void> {
    const discovery = await discover(this.#context.client, signal)
    this.#learnKinds(discovery)
    const wanted = new Set<string>()
    for (const discovered of discovery.resources) {
      if (!isCollected(discovered)) continue
      const resource = resourceOf(discovered)
      const key = monitorKey(discovered, resource)
      wanted.add(key)
      if (this.#monitors.has(key)) continue
      this.#monitors.set(key, this.#watch(discovered, resource, signal))
    }
    for (const [key, monitor] of this.#monitors) {
      // A group that does not answer at the moment may still be there.
      if (wanted.has(key) || discovery.failures.has(monitor.groupVersion)) continue
      this.#monitors.delete(key)
      await monitor.end()
      this.#handler.ended(monitor.resource)
    }
    this.#discovered = true
    if (this.settled) this.#handler.settled()
  }

  #learnKinds({ resources, failures }: Discovery): void {
    const kinds = new Map<string, DiscoveredResource>()
    for (const [key, known] of this.#kinds) {
      if (failures.has(formatGroupVersion(known))) kinds.set(key, known)
    }
    for (const resource of resources) {
      kinds.set(`${formatGroupVersion(resource)}/${resource.kind}`, resource)
    }
    this.#kinds = kinds
  }

  #watch(discovered: DiscoveredResource, resource: Resource, signal: AbortSignal): Monitor {
    let ended = false
    const observe: InformerHandler<KubeObject> = {
      added: (object) => {
        if (!ended) this.#handler.set(object, resource)
      },
      updated: (object) => {
        if (!ended) this.#handler.set(object, resource)
      },
      deleted: (object) => {
        if (!ended) this.#handler.delete(object)
      },
    }
    const monitor = { resource, groupVersion: formatGroupVersion(discovered) }
    if (builtin.has(resource)) {
      // Other controllers have use for it as well.
      this.#settle(
        this.#context.watch(resource, () => [], { observe }),
        signal,
      )
      return { ...monitor, end: async () => void (ended = true) }
    }
    // Informers cannot be ended one by one, and kinds that are not built in come and go.
    const informers = new Informers(this.#context.client, this.#context)
    const informer = informers.of(resource)
    informer.addHandler(observe)
    informers.start(signal).catch(() => {})
    this.#settle(informer, signal)
    return {
      ...monitor,
      end: async () => {
        ended = true
        await informers[Symbol.asyncDispose]()
      },
    }
  }

  #settle(informer: Informer<KubeObject>, signal: AbortSignal): void {
    this.#unsynced++
    const { clock } = this.#context
    const done = () => {
      this.#unsynced--
      if (this.settled) this.#handler.settled()
    }
    withTimeout(clock, informer.whenSynced(signal), syncLimitMs, 'sync').then(done, done)
  }
}

interface Monitor {
  readonly resource: Resource
  readonly groupVersion: string
  end(): Promise<void>
}

/** Events own nothing, are owned by nobody, and are many. */
function isCollected({ name, preferred, verbs }: DiscoveredResource): boolean {
  const watched = verbs.has('delete') && verbs.has('list') && verbs.has('watch')
  return preferred && watched && name !== 'events'
}

function monitorKey(discovered: DiscoveredResource, resource: Resource): string {
  const { group, version, name, kind, namespaced } = discovered
  if (builtin.has(resource)) return `${resource.faces[0].group}/${name}`
  return `${group}/${version}/${name}/${kind}/${namespaced ? 'namespaced' : 'cluster'}`
}
