import type { Node } from '#api'
import { must } from '#base'
import type { AffinityTerm } from '../affinity-terms.ts'
import { talliesMax } from '../limits.ts'
import type { PodInfo, PodShape } from '../pod-info.ts'
import type { Column } from './column.ts'
import { Tally, type Selection } from './tally.ts'
import { Topology } from './topology.ts'

/** What a pod says of others by a term. */
export type TermSort = 'preferred' | 'required' | 'requiredAnti'

/** A term that pods on nodes have, and how many of each domain have it. */
export interface OwnedTerm {
  readonly sort: TermSort
  readonly term: AffinityTerm
  readonly tally: Tally
}

interface Owned extends OwnedTerm {
  /** Pods that have it, on whatever node. */
  owners: number
}

/**
 * How many pods of what sort are in which domain of which topology: what spreading and affinity
 * between pods ask for. A tally is counted once, when it is first asked for; after that each change
 * of a pod or a node changes the tallies it concerns, and nothing else.
 *
 * Two sorts are kept: pods that a selection takes, as long as somebody asks for them now and then;
 * and pods that have a term of their own about others, as long as there are such pods.
 */
export class DomainColumn implements Column {
  readonly #nodes: () => Iterable<readonly [row: number, node: Node]>
  readonly #podsOf: (row: number) => Iterable<PodInfo>
  readonly #topologies = new Map<
    string,
    { readonly topology: Topology; readonly users: Set<Tally> }
  >()
  /** The least recently asked for comes first. */
  readonly #requested = new Map<string, Tally>()
  /** The same by namespace, '' for those of any. */
  readonly #requestedIn = new Map<string, Set<Tally>>()
  /** Those that take pods of a shape, as long as no more are requested in its namespace. */
  #requestedFor = new WeakMap<
    PodShape,
    { readonly among: number; readonly tallies: readonly Tally[] }
  >()
  readonly #owned = new Map<string, Owned>()
  readonly #podsIn = new Map<string, Map<PodInfo, number>>()
  #capacity = 0
  #dropped = 0
  #ownedVersion = 0

  constructor(
    nodes: () => Iterable<readonly [row: number, node: Node]>,
    podsOf: (row: number) => Iterable<PodInfo>,
  ) {
    this.#nodes = nodes
    this.#podsOf = podsOf
  }

  /** Changes when tallies were dropped for want of room: whoever holds one asks for it again. */
  get dropped(): number {
    return this.#dropped
  }

  /** Changes when `owned` does. */
  get ownedVersion(): number {
    return this.#ownedVersion
  }

  /** Terms of pods on nodes, each once. */
  get owned(): Iterable<OwnedTerm> {
    return this.#owned.values()
  }

  /** The tally of a selection, good until `dropped` changes. */
  tally(topologyKey: string, selection: Selection): Tally {
    const key = `${topologyKey}\0${selection.key}`
    const known = this.#requested.get(key)
    this.#requested.delete(key)
    const tally = known ?? this.#count(topologyKey, selection)
    this.#requested.set(key, tally)
    if (this.#requested.size > talliesMax) this.#dropOldest()
    return tally
  }

  grow(capacity: number): void {
    this.#capacity = capacity
    for (const { topology, users } of this.#topologies.values()) {
      topology.grow(capacity)
      for (const tally of users) tally.grow(capacity)
    }
  }

  setNode(row: number, node: Node | undefined): void {
    for (const { topology, users } of this.#topologies.values()) {
      const before = topology.domains[row] ?? -1
      const after = topology.setNode(row, node)
      for (const tally of users) {
        const from = tally.selection.eligible === undefined ? before : tally.placeOf(row)
        const moved =
          tally.setNode(row, node) || (tally.selection.eligible === undefined && before !== after)
        if (moved) this.#move(tally, row, from)
      }
    }
  }

  addPod(row: number, pod: PodInfo): void {
    const { namespace, terms } = pod.shape
    let pods = this.#podsIn.get(namespace)
    if (pods === undefined) this.#podsIn.set(namespace, (pods = new Map()))
    pods.set(pod, row)
    this.#changeRequested(row, pod, 1)
    for (const [sort, term] of each(terms)) {
      const owned = this.#own(sort, term)
      owned.owners++
      owned.tally.add(owned.tally.placeOf(row), 1)
    }
  }

  removePod(row: number, pod: PodInfo): void {
    const { namespace, terms } = pod.shape
    const pods = this.#podsIn.get(namespace)
    pods?.delete(pod)
    if (pods?.size === 0) this.#podsIn.delete(namespace)
    this.#changeRequested(row, pod, -1)
    for (const [sort, term] of each(terms)) {
      const owned = this.#own(sort, term)
      owned.tally.add(owned.tally.placeOf(row), -1)
      owned.owners--
      if (owned.owners === 0) this.#disown(sort, owned)
    }
  }

  #changeRequested(row: number, pod: PodInfo, by: 1 | -1): void {
    const terminates = pod.pod.metadata.deletionTimestamp !== undefined
    for (const tally of this.#talliesOf(pod.shape)) {
      if (!terminates || tally.selection.countsTerminating) tally.add(tally.placeOf(row), by)
    }
  }

  /** Those that take pods of this shape. */
  #talliesOf(shape: PodShape): readonly Tally[] {
    const anywhere = this.#requestedIn.get('')
    const here = this.#requestedIn.get(shape.namespace)
    if (anywhere === undefined && here === undefined) return none
    const among = (anywhere?.size ?? 0) + (here?.size ?? 0)
    const known = this.#requestedFor.get(shape)
    if (known?.among === among) return known.tallies
    const tallies = [...(anywhere ?? []), ...(here ?? [])].filter(({ selection }) =>
      selection.matches(shape),
    )
    this.#requestedFor.set(shape, { among, tallies })
    return tallies
  }

  #count(topologyKey: string, selection: Selection): Tally {
    const tally = this.#newTally(topologyKey, selection)
    for (const namespace of selection.namespaces ?? this.#podsIn.keys()) {
      for (const [pod, row] of this.#podsIn.get(namespace) ?? []) {
        if (tally.takes(pod)) tally.add(tally.placeOf(row), 1)
      }
    }
    for (const namespace of selection.namespaces ?? ['']) {
      let requested = this.#requestedIn.get(namespace)
      if (requested === undefined) this.#requestedIn.set(namespace, (requested = new Set()))
      requested.add(tally)
    }
    return tally
  }

  #newTally(topologyKey: string, selection: Selection): Tally {
    let known = this.#topologies.get(topologyKey)
    if (known === undefined) {
      const topology = new Topology(topologyKey, this.#capacity)
      for (const [row, node] of this.#nodes()) topology.setNode(row, node)
      this.#topologies.set(topologyKey, (known = { topology, users: new Set() }))
    }
    const tally = new Tally(known.topology, selection)
    if (selection.eligible !== undefined) {
      for (const [row, node] of this.#nodes()) tally.setNode(row, node)
    }
    known.users.add(tally)
    return tally
  }

  #dropOldest(): void {
    const [key, tally] = must([...this.#requested.entries().take(1)][0], 'there are too many')
    this.#requested.delete(key)
    for (const namespace of tally.selection.namespaces ?? ['']) {
      const requested = this.#requestedIn.get(namespace)
      requested?.delete(tally)
      if (requested?.size === 0) this.#requestedIn.delete(namespace)
    }
    this.#requestedFor = new WeakMap()
    this.#unuse(tally)
    this.#dropped++
  }

  #own(sort: TermSort, term: AffinityTerm): Owned {
    const key = ownedKey(sort, term)
    let owned = this.#owned.get(key)
    if (owned === undefined) {
      const tally = this.#newTally(term.topologyKey, {
        key,
        namespaces: undefined,
        countsTerminating: true,
        matches: ({ terms }) => terms[sort].some((own) => ownedKey(sort, own) === key),
      })
      this.#owned.set(key, (owned = { sort, term, tally, owners: 0 }))
      this.#ownedVersion++
    }
    return owned
  }

  #disown(sort: TermSort, { term, tally }: Owned): void {
    this.#owned.delete(ownedKey(sort, term))
    this.#ownedVersion++
    this.#unuse(tally)
  }

  #unuse(tally: Tally): void {
    const { key } = tally.topology
    const users = this.#topologies.get(key)?.users
    users?.delete(tally)
    if (users?.size === 0) this.#topologies.delete(key)
  }

  /** The pods of a row count where the row counts now. */
  #move(tally: Tally, row: number, from: number): void {
    const to = tally.placeOf(row)
    for (const pod of this.#podsOf(row)) {
      if (!tally.takes(pod)) continue
      tally.add(from, -1)
      tally.add(to, 1)
    }
  }
}

const none: readonly Tally[] = []

function* each(terms: PodShape['terms']): Generator<readonly [TermSort, AffinityTerm]> {
  for (const term of terms.required) yield ['required', term]
  for (const term of terms.requiredAnti) yield ['requiredAnti', term]
  for (const term of terms.preferred) yield ['preferred', term]
}

function ownedKey(sort: TermSort, { key, weight }: AffinityTerm): string {
  return `${sort} ${weight} ${key}`
}
