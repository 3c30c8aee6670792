import { follow, type Change, type Lookup } from '../lookup.ts'
import {
  podReferences,
  referenceKey,
  volumeSecretKeys,
  type PodReferences,
  type ReferenceKind,
  type VolumeReferences,
} from './node-references.ts'

const core = (resource: string) => ({ group: '', resource })
const attachments = { group: 'storage.k8s.io', resource: 'volumeattachments' }
const slices = { group: 'resource.k8s.io', resource: 'resourceslices' }

interface Attachment {
  readonly metadata: { readonly name: string }
  readonly spec: { readonly nodeName?: string }
}

/**
 * Which objects are related to which node, kept incrementally:
 *
 *     node ← pod ← secret, configmap, service account, resource claim, pvc
 *                                                        pvc ← pv ← secret
 *     node ← volume attachment, resource slice
 *
 * What pods lead to is counted for each node, so a question costs a few map look-ups however many
 * pods share the object; the short chain over volumes is walked.
 */
export class NodeGraph {
  readonly #lookup: Lookup
  /** Reference key → node → how many of its pods refer to it. */
  readonly #nodes = new Map<string, Map<string, number>>()
  /** Volume name → key of the claim it is bound to. */
  readonly #claims = new Map<string, string>()
  /** Secret key → volumes that need it. */
  readonly #volumes = new Map<string, Set<string>>()
  readonly #attachmentNodes = new Map<string, string>()
  readonly #sliceNodes = new Map<string, string>()
  readonly #stop: readonly (() => void)[]

  constructor(lookup: Lookup) {
    this.#lookup = lookup
    this.#stop = [
      follow<PodReferences>(lookup, core('pods'), (change) => this.#applyPod(change)),
      follow<VolumeReferences>(lookup, core('persistentvolumes'), (change) =>
        this.#applyVolume(change),
      ),
      follow<Attachment>(lookup, attachments, (change) =>
        applyNodeName(this.#attachmentNodes, change),
      ),
      follow<Attachment>(lookup, slices, (change) => applyNodeName(this.#sliceNodes, change)),
    ]
  }

  /** Whether a pod of the node refers to the object, directly or over a bound volume. */
  refers(node: string, kind: ReferenceKind, namespace: string, name: string): boolean {
    const key = referenceKey(kind, namespace, name)
    if (this.#nodes.get(key)?.has(node) === true) return true
    for (const volume of this.#volumes.get(key) ?? []) {
      if (this.usesVolume(node, volume)) return true
    }
    return false
  }

  usesVolume(node: string, volume: string): boolean {
    const claim = this.#claims.get(volume)
    return claim !== undefined && this.#nodes.get(claim)?.has(node) === true
  }

  podNode(namespace: string, name: string): string | undefined {
    return this.#lookup.get<PodReferences>(core('pods'), namespace, name)?.spec.nodeName
  }

  attachmentNode(name: string): string | undefined {
    return this.#attachmentNodes.get(name)
  }

  sliceNode(name: string): string | undefined {
    return this.#sliceNodes.get(name)
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stop) stop()
  }

  #applyPod({ object, previous }: Change<PodReferences>): void {
    if (previous !== undefined) this.#count(previous, -1)
    if (object !== undefined) this.#count(object, 1)
  }

  #count(pod: PodReferences, by: 1 | -1): void {
    const node = pod.spec.nodeName ?? ''
    if (node === '') return
    for (const key of podReferences(pod)) {
      const nodes = this.#nodes.get(key) ?? new Map<string, number>()
      const count = (nodes.get(node) ?? 0) + by
      if (count > 0) nodes.set(node, count)
      else nodes.delete(node)
      if (nodes.size > 0) this.#nodes.set(key, nodes)
      else this.#nodes.delete(key)
    }
  }

  #applyVolume({ object, previous }: Change<VolumeReferences>): void {
    if (previous !== undefined) {
      const { name } = previous.metadata
      this.#claims.delete(name)
      for (const key of volumeSecretKeys(previous)) {
        const volumes = this.#volumes.get(key)
        volumes?.delete(name)
        if (volumes?.size === 0) this.#volumes.delete(key)
      }
    }
    const claim = object?.spec.claimRef
    if (object === undefined || claim === undefined) return
    const { name } = object.metadata
    this.#claims.set(name, referenceKey('pvc', claim.namespace ?? '', claim.name ?? ''))
    for (const key of volumeSecretKeys(object)) {
      const volumes = this.#volumes.get(key) ?? new Set<string>()
      this.#volumes.set(key, volumes.add(name))
    }
  }
}

function applyNodeName(nodes: Map<string, string>, { object, previous }: Change<Attachment>): void {
  if (previous !== undefined) nodes.delete(previous.metadata.name)
  const node = object?.spec.nodeName ?? ''
  if (object !== undefined && node !== '') nodes.set(object.metadata.name, node)
}
