import { ConfigMap, Secret, type Pod } from '#api'
import { withTimeout, type Clock, type Log, type Random } from '#base'
import { Informers, type Client, type Informer } from '#client'
import type { ObjectOf } from '#machinery'
import type { Referenced } from '../pods/environment.ts'
import { containersOf, initContainersOf, uidOf } from '../pods/observed.ts'
import { volumeReferences } from './payload.ts'

export interface ReferencedObjectsOptions {
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** An object that this pod refers to has changed. */
  changed(podUid: string): void
}

const syncTimeoutMs = 10_000

/**
 * The ConfigMaps and Secrets that pods of the node refer to. A node may read only those, so each is
 * watched by its name, as long as a pod on the node wants it.
 */
export class ReferencedObjects implements AsyncDisposable {
  readonly #options: ReferencedObjectsOptions
  readonly #watched = new Map<string, Watched>()
  readonly #ofPod = new Map<string, ReadonlySet<string>>()

  constructor(options: ReferencedObjectsOptions) {
    this.#options = options
  }

  /**
   * What the pod refers to, in a state no older than the first call's for the pod. Rejects when the
   * objects cannot be had in time; those that do not exist are undefined.
   */
  async of(pod: Pod): Promise<Referenced> {
    const { namespace = '' } = pod.metadata
    const { configMaps, secrets } = referencesOf(pod)
    const keys = new Set([
      ...configMaps.map((name) => keyOf('configmap', namespace, name)),
      ...secrets.map((name) => keyOf('secret', namespace, name)),
    ])
    const uid = uidOf(pod)
    this.#ofPod.set(uid, keys)
    await Promise.all(
      [...keys].map((key) => {
        const watched = this.#watched.get(key) ?? this.#watch(key)
        watched.pods.add(uid)
        const kind = key.split('/')[0] ?? ''
        return withTimeout(this.#options.clock, watched.synced, syncTimeoutMs, key).catch(() => {
          throw new Error(`failed to sync ${kind} cache: timed out waiting for the condition`)
        })
      }),
    )
    return {
      configMap: (name) => this.#watched.get(keyOf('configmap', namespace, name))?.configMap?.(),
      secret: (name) => this.#watched.get(keyOf('secret', namespace, name))?.secret?.(),
    }
  }

  /** The pod has gone. */
  async release(podUid: string): Promise<void> {
    const keys = this.#ofPod.get(podUid) ?? []
    this.#ofPod.delete(podUid)
    for (const key of keys) {
      const watched = this.#watched.get(key)
      watched?.pods.delete(podUid)
      if (watched?.pods.size !== 0) continue
      this.#watched.delete(key)
      await watched.informers[Symbol.asyncDispose]()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#watched.values()]
    this.#watched.clear()
    await Promise.all(all.map(({ informers }) => informers[Symbol.asyncDispose]()))
  }

  #watch(key: string): Watched {
    const [kind = '', namespace = '', name = ''] = key.split('/')
    const informers = new Informers(this.#options.client, this.#options)
    const options = { namespace, fieldSelector: `metadata.name=${name}` }
    const pods = new Set<string>()
    const tell = () => {
      for (const pod of pods) this.#options.changed(pod)
    }
    const get =
      kind === 'secret'
        ? { secret: watchOne(informers.of(Secret, options), tell, namespace, name) }
        : { configMap: watchOne(informers.of(ConfigMap, options), tell, namespace, name) }
    const synced = informers.start()
    // Whoever waits for it hears of it.
    synced.catch(() => {})
    const watched = { informers, synced, pods, ...get }
    this.#watched.set(key, watched)
    return watched
  }
}

interface Watched {
  readonly informers: Informers
  readonly synced: Promise<void>
  /** Uids of the pods that want it. */
  readonly pods: Set<string>
  readonly configMap?: () => ObjectOf<typeof ConfigMap> | undefined
  readonly secret?: () => ObjectOf<typeof Secret> | undefined
}

function watchOne<T extends ObjectOf<typeof ConfigMap> | ObjectOf<typeof Secret>>(
  informer: Informer<T>,
  tell: () => void,
  namespace: string,
  name: string,
): () => T | undefined {
  informer.addHandler({ added: tell, updated: tell, deleted: tell })
  return () => informer.lister.get(namespace, name)
}

function keyOf(kind: 'configmap' | 'secret', namespace: string, name: string): string {
  return `${kind}/${namespace}/${name}`
}

/** Names of what a pod's volumes and environments are made from. */
function referencesOf(pod: Pod): { configMaps: string[]; secrets: string[] } {
  const configMaps: (string | undefined)[] = []
  const secrets: (string | undefined)[] = []
  for (const volume of pod.spec.volumes ?? []) {
    const references = volumeReferences(volume)
    configMaps.push(...references.configMaps)
    secrets.push(...references.secrets)
  }
  for (const { env = [], envFrom = [] } of [...initContainersOf(pod), ...containersOf(pod)]) {
    for (const { valueFrom } of env) {
      configMaps.push(valueFrom?.configMapKeyRef?.name)
      secrets.push(valueFrom?.secretKeyRef?.name)
    }
    for (const { configMapRef, secretRef } of envFrom) {
      configMaps.push(configMapRef?.name)
      secrets.push(secretRef?.name)
    }
  }
  secrets.push(...(pod.spec.imagePullSecrets ?? []).map(({ name }) => name))
  return { configMaps: named(configMaps), secrets: named(secrets) }
}

function named(names: readonly (string | undefined)[]): string[] {
  return [...new Set(names)].filter((name) => name !== undefined && name !== '').map(String)
}
