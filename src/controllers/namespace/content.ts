import { Pod } from '#api'
import { asError, parseTime } from '#base'
import type { Client, ResourceClient } from '#client'
import { formatGroupVersion, hasReason, type KubeObject, type Resource } from '#machinery'
import { discover, resourceOf, type DiscoveredResource } from '../framework/discovery.ts'
import type { Findings } from './conditions.ts'

/** What a round of emptying a namespace has come to. */
export interface Round {
  readonly findings: Findings
  /** Content is still on its way out: come back. Zero where the namespace is empty. */
  readonly againInSeconds: number
  /** Something went wrong; what could be done was done all the same. */
  readonly error: Error | undefined
}

export interface NamespaceContent {
  readonly client: Client
  readonly namespace: string
  /** Seconds since the deletion of the namespace was asked for. */
  readonly deletingForSeconds: number
  readonly signal: AbortSignal
}

/** How long what has finalizers is given to be let go, as nobody can know. */
const finalizerEstimateSeconds = 15

/**
 * Deletes what is in the namespace, of all kinds there are. Pods first, and nothing else before
 * they are gone: what protects them or gives them their names must outlive them (KEP-5080).
 */
export async function emptyNamespace(content: NamespaceContent): Promise<Round> {
  const round = new RoundBuilder()
  const { pods, others } = await discoverContent(content, round)
  if (pods !== undefined) await round.delete(content, pods)
  if (round.remaining.size > 0 || round.contentFailures.length > 0) return round.end()
  for (const each of others) await round.delete(content, each)
  return round.end()
}

async function discoverContent({ client, signal }: NamespaceContent, round: RoundBuilder) {
  const { resources, failures } = await discover(client, signal)
  const content = resources.filter(
    ({ preferred, namespaced, verbs }) => preferred && namespaced && verbs.has('delete'),
  )
  if (failures.size > 0) {
    const each = [...failures].map(([name, error]) => `${name}: ${error.message}`)
    const why = `unable to retrieve the complete list of server APIs: ${each.toSorted().join(', ')}`
    round.discoveryFailure = `Discovery failed for some groups, ${failures.size} failing: ${why}`
    round.errors.push(new Error(why))
  }
  const isPods = ({ group, name }: DiscoveredResource) => group === '' && name === Pod.name
  return { pods: content.find(isPods), others: content.filter((each) => !isPods(each)) }
}

class RoundBuilder {
  discoveryFailure: string | undefined
  readonly contentFailures: string[] = []
  readonly remaining = new Map<string, number>()
  readonly errors: Error[] = []
  readonly #finalizers = new Map<string, number>()
  #againInSeconds = 0

  async delete(content: NamespaceContent, kind: DiscoveredResource): Promise<void> {
    try {
      const rest = await deleteKind(content, kind)
      if (rest.count === 0) return
      this.remaining.set(`${kind.name}.${kind.group}`, rest.count)
      for (const [finalizer, count] of rest.finalizers) {
        this.#finalizers.set(finalizer, (this.#finalizers.get(finalizer) ?? 0) + count)
      }
      if (rest.graceSeconds > 0) this.#again(rest.graceSeconds)
      else if (rest.finalizers.size > 0) this.#again(finalizerEstimateSeconds)
      else throw unexpected(content.namespace, kind)
    } catch (caught) {
      content.signal.throwIfAborted()
      const error = asError(caught)
      this.contentFailures.push(error.message)
      this.errors.push(error)
    }
  }

  end(): Round {
    const { discoveryFailure, contentFailures, remaining, errors } = this
    const finalizers = this.#finalizers
    return {
      findings: { discoveryFailure, contentFailures, remaining, finalizers },
      againInSeconds: this.#againInSeconds,
      error: errors.length > 1 ? new AggregateError(errors, messages(errors)) : errors[0],
    }
  }

  #again(seconds: number): void {
    this.#againInSeconds = Math.max(this.#againInSeconds, seconds)
  }
}

function messages(errors: readonly Error[]): string {
  return `[${errors.map(({ message }) => message).join(', ')}]`
}

function unexpected(namespace: string, { name, ...groupVersion }: DiscoveredResource): Error {
  const { group, version } = groupVersion
  const kind = `${formatGroupVersion({ group, version })}, Resource=${name}`
  return new Error(`unexpected items still remain in namespace: ${namespace} for gvr: ${kind}`)
}

interface Rest {
  readonly count: number
  readonly finalizers: ReadonlyMap<string, number>
  /** How long pods that are left may take to stop. */
  readonly graceSeconds: number
}

const nothing: Rest = { count: 0, finalizers: new Map(), graceSeconds: 0 }

/** Deletes all objects of the kind; what is left then is on its way out. */
async function deleteKind(content: NamespaceContent, kind: DiscoveredResource): Promise<Rest> {
  const { client, namespace, deletingForSeconds, signal } = content
  const resource = resourceOf(kind)
  const objects = client.resource(resource, kind).namespace(namespace)
  const listable = kind.verbs.has('list')
  // Of most kinds a namespace has nothing, which one call tells.
  if (listable && (await objects.list({ limit: 1, signal })).items.length === 0) return nothing
  if (kind.verbs.has('deletecollection')) {
    await objects.deleteCollection({ propagationPolicy: 'Background', signal })
  } else if (listable) await deleteEach(objects, signal)
  if (!listable) return nothing
  const finalizers = new Map<string, number>()
  let count = 0
  let graceSeconds = 0
  for await (const object of objects.items({ signal })) {
    count++
    for (const finalizer of object.metadata.finalizers ?? []) {
      finalizers.set(finalizer, (finalizers.get(finalizer) ?? 0) + 1)
    }
    graceSeconds = Math.max(graceSeconds, graceOf(resource, object))
  }
  // Whoever has had that time already will not be done by waiting.
  return { count, finalizers, graceSeconds: deletingForSeconds < graceSeconds ? graceSeconds : 0 }
}

async function deleteEach(
  objects: ResourceClient<KubeObject, { readonly metadata: object }>,
  signal: AbortSignal,
): Promise<void> {
  for await (const { metadata } of objects.items({ signal })) {
    try {
      await objects.delete(metadata.name ?? '', { propagationPolicy: 'Background', signal })
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error
    }
  }
}

/** Only pods take time to stop. */
function graceOf(resource: Resource, object: KubeObject): number {
  if (resource !== Pod) return 0
  const { spec, status } = object as Pod
  if (status.phase === 'Succeeded' || status.phase === 'Failed') return 0
  return spec.terminationGracePeriodSeconds ?? 0
}

/** Seconds since a moment in an object, at least 0. */
export function secondsSince(time: string | undefined, nowMs: number): number {
  const at = time === undefined ? undefined : parseTime(time)
  return at === undefined ? 0 : Math.max(0, (nowMs - at) / 1000)
}
