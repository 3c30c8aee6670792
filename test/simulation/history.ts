import { createHash } from 'node:crypto'
import type { Journal, JournalBatch } from '../../src/store/journal.ts'
import type { KeyRange } from '../../src/store/key-range.ts'
import type { StoreEvent, WatchBatch } from '#store'

/** One change of one key, as the disk has it. */
export interface Change {
  readonly revision: number
  readonly key: string
  readonly type: 'put' | 'delete'
  /** Of the object that was put or deleted. */
  readonly uid: string
  /** As it was put; what stood before where it was deleted. Without resourceVersion. */
  readonly object: StoredObject
  /** Undefined where the key was not there. */
  readonly previous: Change | undefined
}

/** What checkers read in stored objects; each kind has more. */
export interface StoredObject {
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly uid: string
    readonly generation?: number
    readonly deletionTimestamp?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
    readonly ownerReferences?: readonly {
      readonly uid: string
      readonly kind: string
      readonly name: string
      readonly controller?: boolean
    }[]
  }
  readonly spec?: Readonly<Record<string, unknown>>
  readonly status?: Readonly<Record<string, unknown>>
}

/**
 * Everything that ever became durable, written down outside the cluster: the truth that replies,
 * watches and informers are compared with.
 */
export class History {
  readonly #changes: Change[] = []
  readonly #byKey = new Map<string, Change[]>()
  readonly #byPrefix = new Map<string, Change[]>()
  /** What stands now, by prefix and key. */
  readonly #standing = new Map<string, Map<string, Change>>()
  readonly #digest = createHash('sha256')
  readonly #heard: (change: Change) => void
  #revision = 1

  /** `heard` is told of each change, in order. */
  constructor(heard: (change: Change) => void) {
    this.#heard = heard
  }

  get revision(): number {
    return this.#revision
  }

  get length(): number {
    return this.#changes.length
  }

  append({ revision, events }: WatchBatch): void {
    this.#revision = revision
    for (const event of events) this.#add(revision, event)
  }

  /** Of all changes so far, bytes included. */
  digest(): string {
    return this.#digest.copy().digest('hex')
  }

  /** The changes of a kind, by its storage prefix, in order; later ones are added to it. */
  of(prefix: string): readonly Change[] {
    const changes = this.#byPrefix.get(prefix) ?? []
    this.#byPrefix.set(prefix, changes)
    return changes
  }

  /** The changes after the first `count` ones. */
  after(count: number): readonly Change[] {
    return this.#changes.slice(count)
  }

  ofKey(key: string): readonly Change[] {
    return this.#byKey.get(key) ?? []
  }

  /** What stands at a key at a revision; a deletion where it was deleted. */
  at(key: string, revision: number): Change | undefined {
    return this.ofKey(key).findLast((change) => change.revision <= revision)
  }

  /** The objects of a kind at a revision, in the order of their keys. */
  standingAt(prefix: string, revision: number): Change[] {
    const keys = new Set(this.of(prefix).map(({ key }) => key))
    const found: Change[] = []
    for (const key of keys) {
      const change = this.at(key, revision)
      if (change?.type === 'put') found.push(change)
    }
    return found.sort((a, b) => (a.key < b.key ? -1 : 1))
  }

  /** The objects of a kind now, in no order. */
  standing(prefix: string): Change[] {
    return [...(this.#standing.get(prefix)?.values() ?? [])]
  }

  /** Every object there is now. */
  *all(): Generator<Change, undefined> {
    for (const ofPrefix of this.#standing.values()) yield* ofPrefix.values()
  }

  #add(revision: number, event: StoreEvent): void {
    const key = event.type === 'put' ? event.record.key : event.key
    const last = this.#byKey.get(key)?.at(-1)
    const previous = last?.type === 'put' ? last : undefined
    const object = event.type === 'put' ? parse(event.record.value) : previous?.object
    if (object === undefined) return
    this.#digest.update(`${revision} ${event.type} ${key}\n`)
    if (event.type === 'put') this.#digest.update(event.record.value)
    const { uid } = object.metadata
    const change: Change = { revision, key, type: event.type, uid, object, previous }
    this.#changes.push(change)
    pushTo(this.#byKey, key, change)
    const prefix = prefixOf(key, object.metadata.namespace !== undefined)
    pushTo(this.#byPrefix, prefix, change)
    const standing = this.#standing.get(prefix) ?? new Map<string, Change>()
    this.#standing.set(prefix, standing)
    if (change.type === 'put') standing.set(key, change)
    else standing.delete(key)
    this.#heard(change)
  }
}

export function identity({ key, uid, revision }: Change): string {
  return `${key} ${uid} ${revision}`
}

/** As watches tell it. */
export function typeOf(change: Change): 'ADDED' | 'DELETED' | 'MODIFIED' {
  if (change.type === 'delete') return 'DELETED'
  return change.previous === undefined ? 'ADDED' : 'MODIFIED'
}

export function describeChange(change: Change): string {
  return `${typeOf(change)} ${identity(change)}`
}

/** Writes into the history what reached the disk, and nothing else. */
export class RecordingJournal implements Journal {
  readonly #inner: Journal
  readonly #history: History

  constructor(inner: Journal, history: History, unsure: JournalBatch | undefined) {
    this.#inner = inner
    this.#history = history
    this.#inFlight = unsure
  }

  #inFlight: JournalBatch | undefined

  /** An append whose outcome a crash left open: the next journal will see. */
  get inFlight(): JournalBatch | undefined {
    return this.#inFlight
  }

  async open(onFailure: (error: Error) => void) {
    const state = await this.#inner.open(onFailure)
    const unsure = this.#inFlight?.transactions ?? []
    this.#inFlight = undefined
    if ((unsure.at(-1)?.revision ?? Infinity) <= state.revision) {
      for (const transaction of unsure) this.#history.append(transaction)
    }
    return state
  }

  async append(batch: JournalBatch): Promise<void> {
    this.#inFlight = batch
    await this.#inner.append(batch)
    this.#inFlight = undefined
    for (const transaction of batch.transactions) this.#history.append(transaction)
  }

  readonly records: Journal['records'] = () => this.#inner.records()
  readonly readRange: Journal['readRange'] = (request) => this.#inner.readRange(request)
  readonly readChanges: Journal['readChanges'] = (request) => this.#inner.readChanges(request)
  readonly revisionAt: Journal['revisionAt'] = (timeMs) => this.#inner.revisionAt(timeMs)
  readonly compactSlice: Journal['compactSlice'] = (request: KeyRange & Slice) =>
    this.#inner.compactSlice(request)
  readonly usage: Journal['usage'] = () => this.#inner.usage()
  readonly reclaim: Journal['reclaim'] = () => this.#inner.reclaim()
  readonly close: Journal['close'] = () => this.#inner.close()
}

type Slice = Parameters<Journal['compactSlice']>[0]

/** /registry/<kind>/[<namespace>/]<name>, where <kind> may have a slash of its own. */
function prefixOf(key: string, namespaced: boolean): string {
  const parts = key.split('/')
  return `${parts.slice(0, namespaced ? -2 : -1).join('/')}/`
}

function pushTo(map: Map<string, Change[]>, key: string, change: Change): void {
  const there = map.get(key)
  if (there === undefined) map.set(key, [change])
  else there.push(change)
}

/** Undefined for what is no object, such as what a kind keeps alongside. */
function parse(value: Uint8Array): StoredObject | undefined {
  try {
    const object: unknown = JSON.parse(Buffer.from(value).toString())
    return isStored(object) ? object : undefined
  } catch {
    return undefined
  }
}

function isStored(value: unknown): value is StoredObject {
  if (typeof value !== 'object' || value === null || !('metadata' in value)) return false
  const { metadata } = value
  return typeof metadata === 'object' && metadata !== null && 'uid' in metadata
}
