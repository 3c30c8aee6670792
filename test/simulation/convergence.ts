import { Deployment, Namespace, Node, Pod, ReplicaSet, Service } from '#api'
import { objectKey, type Informers } from '#client'
import { selectorFromObject, type Resource, storagePrefix } from '#machinery'
import type { Change, History, StoredObject } from './history.ts'
import {
  controllerOf,
  isAvailable,
  isOver,
  isWell,
  nodeOf,
  prefixes,
  record,
  replicasOf,
} from './invariants.ts'

/** A component's informers, and the kinds it is known to watch. */
export interface Watching {
  readonly who: string
  readonly informers: Informers
  readonly kinds: readonly Resource[]
}

export const watchedByControllers = [Deployment, Namespace, Node, Pod, ReplicaSet, Service]
export const watchedByScheduler = [Node, Pod]

/**
 * What is not yet as it should be in the end, when nothing fails any more and nobody asks for
 * anything new.
 */
export function unconverged(history: History, watching: readonly Watching[]): string[] {
  return [
    ...nodes(history),
    ...workloads(history),
    ...pods(history),
    ...services(history),
    ...garbage(history),
    ...namespaces(history),
    ...watching.flatMap((each) => [...informers(history, each)]),
  ]
}

/** What keeps being written although nothing happens; heartbeats and Events aside. */
export function busy(history: History, since: number): string[] {
  const quiet = ['/registry/leases/', '/registry/events/', prefixes.nodes]
  const written = new Map<string, number>()
  for (const change of history.after(since)) {
    if (quiet.some((prefix) => change.key.startsWith(prefix))) continue
    written.set(change.key, (written.get(change.key) ?? 0) + 1)
  }
  return [...written].map(([key, times]) => `${key} was written ${times} times without a cause`)
}

function* nodes(history: History): Generator<string> {
  for (const { key, object } of history.standing(prefixes.nodes)) {
    if (!isWell(object)) yield `${key} is not ready, or tainted`
  }
}

function* workloads(history: History): Generator<string> {
  for (const { key, object } of history.standing(prefixes.deployments)) {
    const status = object.status ?? {}
    const wanted = replicasOf(object)
    if (object.spec?.['paused'] === true) yield `${key} is paused`
    if (status['observedGeneration'] !== object.metadata.generation) yield `${key} is not observed`
    for (const field of ['replicas', 'updatedReplicas', 'availableReplicas']) {
      const count = Number(status[field] ?? 0)
      if (count !== wanted) yield `${key} has ${count} ${field}, ${wanted} wanted`
    }
  }
  for (const { key, uid, object } of history.standing(prefixes.replicaSets)) {
    const owned = history
      .standing(prefixes.pods)
      .filter(({ object: pod }) => controllerOf(pod)?.uid === uid && !isOver(pod))
    const wanted = replicasOf(object)
    if (owned.length !== wanted) yield `${key} has ${owned.length} pods, ${wanted} wanted`
    const counted = Number(object.status?.['availableReplicas'] ?? 0)
    if (counted !== wanted) yield `${key} counts ${counted} available, ${wanted} wanted`
  }
}

function* pods(history: History): Generator<string> {
  const selectors = history.standing(prefixes.replicaSets).map(({ object }) => ({
    namespace: object.metadata.namespace,
    selector: selectorFromObject(record(object.spec?.['selector'])),
  }))
  for (const { key, object } of history.standing(prefixes.pods)) {
    if (isOver(object)) continue
    if (nodeOf(object) === undefined) yield `${key} is not scheduled`
    if (!isAvailable(object)) yield `${key} is not available`
    const { namespace, labels } = object.metadata
    const wanted = selectors.some(
      (each) => each.namespace === namespace && each.selector.matches(labels),
    )
    if (wanted && controllerOf(object) === undefined) yield `${key} was not adopted`
  }
}

/** The endpoints of a Service are its available pods. */
function* services(history: History): Generator<string> {
  for (const { key, object } of history.standing(prefixes.services)) {
    const labels = object.spec?.['selector']
    if (labels === undefined) continue
    const selector = selectorFromObject({ matchLabels: texts(labels) })
    const { namespace, name } = object.metadata
    const wanted = history
      .standing(prefixes.pods)
      .filter(({ object: pod }) => pod.metadata.namespace === namespace && isAvailable(pod))
      .filter(({ object: pod }) => selector.matches(pod.metadata.labels))
      .map(({ object: pod }) => String(pod.status?.['podIP']))
    const found = history
      .standing(prefixes.endpointSlices)
      .filter(({ object: slice }) => slice.metadata.namespace === namespace)
      .filter(({ object: { metadata } }) => metadata.labels?.[serviceNameLabel] === name)
      .flatMap(({ object: slice }) => readyAddresses(slice))
    const [have, want] = [found.sort().join(' '), wanted.sort().join(' ')]
    if (have !== want) yield `${key} has the endpoints ${have}, its pods are ${want}`
  }
}

const serviceNameLabel = 'kubernetes.io/service-name'

function readyAddresses(slice: StoredObject): string[] {
  const endpoints = 'endpoints' in slice && Array.isArray(slice.endpoints) ? slice.endpoints : []
  return endpoints
    .map(record)
    .filter(({ conditions }) => record(conditions)['ready'] === true)
    .flatMap(({ addresses }) => (Array.isArray(addresses) ? addresses.map(String) : []))
}

function texts(labels: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(record(labels)).map(([k, v]) => [k, String(v)]))
}

/** What is deleted goes, and whose owner is gone is gone. */
function* garbage(history: History): Generator<string> {
  const uids = new Set([...history.all()].map(({ uid }) => uid))
  for (const { key, object } of history.all()) {
    if (object.metadata.deletionTimestamp !== undefined) yield `${key} is still being deleted`
    const owners = object.metadata.ownerReferences ?? []
    if (owners.length === 0 || owners.some(({ uid }) => uids.has(uid))) continue
    const [owner] = owners
    yield `${key} outlives its owner ${owner?.kind} ${owner?.name}`
  }
}

function* namespaces(history: History): Generator<string> {
  const there = new Set<string>()
  for (const { object } of history.standing(prefixes.namespaces)) {
    there.add(object.metadata.name)
    for (const made of ['configmaps/%/kube-root-ca.crt', 'serviceaccounts/%/default']) {
      const path = `/registry/${made.replace('%', object.metadata.name)}`
      if (history.at(path, Infinity)?.type !== 'put') yield `${path} is missing`
    }
  }
  for (const { key, object } of history.all()) {
    const { namespace } = object.metadata
    if (namespace !== undefined && !there.has(namespace)) yield `${key} outlives its namespace`
  }
}

function* informers(history: History, { who, informers, kinds }: Watching): Generator<string> {
  for (const kind of kinds) {
    const informer = informers.of(kind)
    const known = informer.lister.list().map((object) => {
      const { uid, resourceVersion } = object.metadata
      return `${objectKey(object)} ${uid} ${resourceVersion}`
    })
    const truth = history.standing(storagePrefix(kind)).map((change) => identityOf(change))
    const missing = truth.filter((each) => !known.includes(each))
    const wrong = known.filter((each) => !truth.includes(each))
    if (missing.length > 0) yield `${who} does not know ${kind.name} ${missing.join(', ')}`
    if (wrong.length > 0) yield `${who} still knows ${kind.name} ${wrong.join(', ')}`
  }
}

function identityOf({ object, uid, revision }: Change): string {
  return `${objectKey(object)} ${uid} ${revision}`
}
