import { Deployment, ReplicaSet, ReplicationController, StatefulSet, type Pod } from '#api'
import type { Client, Lister } from '#client'
import {
  formatGroupVersion,
  hasReason,
  parseGroupVersion,
  quote,
  type KubeObject,
  type OwnerReference,
} from '#machinery'
import { controllerOf } from '../framework/controller-ref.ts'
import type { ControllerContext } from '../framework/controller.ts'
import { discover } from '../framework/discovery.ts'

/** How many pods the owners of some pods want. */
export interface ExpectedScale {
  readonly pods: number
  /** Names of pods that nobody manages; how many of them there should be is not known. */
  readonly unmanaged: readonly string[]
}

interface Owner {
  readonly uid: string
  readonly replicas: number
}

/** Finds how many pods owners want: of the usual kinds at once, of others by their scale. */
export class OwnerScales {
  readonly #client: Client
  readonly #controllers: Lister<ReplicationController>
  readonly #deployments: Lister<Deployment>
  readonly #replicaSets: Lister<ReplicaSet>
  readonly #statefulSets: Lister<StatefulSet>

  constructor(context: ControllerContext) {
    this.#client = context.client
    this.#controllers = context.lister(ReplicationController)
    this.#deployments = context.lister(Deployment)
    this.#replicaSets = context.lister(ReplicaSet)
    this.#statefulSets = context.lister(StatefulSet)
  }

  /** Rejects with upstream's words for owners whose scale cannot be known. */
  async expected(pods: readonly Pod[], signal: AbortSignal): Promise<ExpectedScale> {
    /** By the uid of what manages the pods, and by that of what manages this in turn. */
    const known = new Set<string>()
    const owners = new Map<string, number>()
    const unmanaged: string[] = []
    for (const pod of pods) {
      const { namespace = '', name = '' } = pod.metadata
      const reference = controllerOf(pod)
      if (reference === undefined) {
        unmanaged.push(name)
        continue
      }
      if (known.has(reference.uid)) continue
      const owner = await this.#find(reference, namespace, signal)
      if (owner === undefined) throw new Error(`found no controllers for pod ${quote(name)}`)
      known.add(reference.uid)
      owners.set(owner.uid, owner.replicas)
    }
    const sum = [...owners.values()].reduce((total, replicas) => total + replicas, 0)
    return { pods: sum, unmanaged }
  }

  async #find(
    reference: OwnerReference,
    namespace: string,
    signal: AbortSignal,
  ): Promise<Owner | undefined> {
    return (
      this.#findUsual(reference, namespace) ?? (await this.#findScale(reference, namespace, signal))
    )
  }

  #findUsual(reference: OwnerReference, namespace: string): Owner | undefined {
    const { kind, name, apiVersion } = reference
    const group = parseGroupVersion(apiVersion)?.group
    if (group === '' && kind === 'ReplicationController') {
      return ownerOf(this.#controllers.get(namespace, name), reference)
    }
    if (group !== 'apps') return undefined
    if (kind === 'StatefulSet') return ownerOf(this.#statefulSets.get(namespace, name), reference)
    if (kind !== 'ReplicaSet') return undefined
    const replicaSet = this.#replicaSets.get(namespace, name)
    if (replicaSet?.metadata.uid !== reference.uid) return undefined
    const above = controllerOf(replicaSet)
    if (above?.kind !== 'Deployment') return ownerOf(replicaSet, reference)
    return ownerOf(this.#deployments.get(namespace, above.name), above)
  }

  async #findScale(
    { apiVersion, kind, name, uid }: OwnerReference,
    namespace: string,
    signal: AbortSignal,
  ): Promise<Owner | undefined> {
    const { resources } = await discover(this.#client, signal)
    const found = resources.find(
      (each) => each.kind === kind && formatGroupVersion(each) === apiVersion,
    )
    if (found === undefined) {
      throw new Error(`no matches for kind ${quote(kind)} in version ${quote(apiVersion)}`)
    }
    const { group, version, name: resource } = found
    if (!found.subresources.has('scale')) {
      const full = group === '' ? resource : `${resource}.${group}`
      throw new Error(`${full} does not implement the scale subresource`)
    }
    const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
    const path = [root, 'namespaces', namespace, resource, name, 'scale'].join('/')
    try {
      const scale = (await this.#client.send({ method: 'GET', path, signal })) as Scale
      if (scale.metadata.uid !== uid) return undefined
      return { uid, replicas: scale.spec.replicas ?? 0 }
    } catch (error) {
      if (hasReason(error, 'NotFound')) return undefined
      throw error
    }
  }
}

/** autoscaling/v1, as far as it matters here. */
interface Scale extends KubeObject {
  readonly spec: { readonly replicas?: number }
}

function ownerOf(
  object: (KubeObject & { readonly spec: { readonly replicas?: number } }) | undefined,
  { uid }: OwnerReference,
): Owner | undefined {
  if (object?.metadata.uid !== uid) return undefined
  return { uid, replicas: object.spec.replicas ?? 1 }
}
