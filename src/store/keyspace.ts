import { assert, must, OrderedMap, type OrderedMapEditor } from '#base'
import { ownBytes } from './requests.ts'
import type { KeyValue, Op, Revision, StoreEvent, TxnRequest } from './store.ts'

export type Root = OrderedMap<KeyValue>

export type Decision =
  | { readonly succeeded: true; readonly events: readonly StoreEvent[] }
  | { readonly succeeded: false; readonly current: readonly (KeyValue | undefined)[] }

/**
 * The current state, twice: head, which transactions are decided against, and durable, which is
 * all that anybody may see. Head runs ahead of durable by what the journal has not yet taken, and
 * falls back to it when the journal fails.
 */
export class Keyspace {
  #head: OrderedMapEditor<KeyValue>
  #durable: Root
  #assigned: Revision
  #durableRevision: Revision
  #liveBytes: number

  constructor(root: Root, revision: Revision, liveBytes: number) {
    assert(revision >= 1, 'revisions start at 1')
    this.#head = root.edit()
    this.#durable = root
    this.#assigned = revision
    this.#durableRevision = revision
    this.#liveBytes = liveBytes
  }

  get durable(): Root {
    return this.#durable
  }

  get durableRevision(): Revision {
    return this.#durableRevision
  }

  /** Keys and values of the durable state. */
  get liveBytes(): number {
    return this.#liveBytes
  }

  /** What head holds, durable or not: for decisions only. */
  head(key: string): KeyValue | undefined {
    return this.#head.get(key)
  }

  /**
   * Decides a transaction and, where it changes something, applies it to head at the next revision.
   * `admit` sees the operations that would change something, and refuses them by throwing.
   */
  apply(request: TxnRequest, admit: (ops: readonly Op[]) => void): Decision {
    for (const { key, modRevision } of request.compare) {
      if ((this.#head.get(key)?.modRevision ?? 0) === modRevision) continue
      return { succeeded: false, current: request.compare.map(({ key }) => this.#head.get(key)) }
    }
    const ops = request.ops.filter((op) => op.type === 'put' || this.#head.get(op.key))
    admit(ops)
    if (ops.length === 0) return { succeeded: true, events: [] }
    const revision = ++this.#assigned
    return { succeeded: true, events: ops.map((op) => this.#change(op, revision)) }
  }

  /** The newest revision given out, durable or not. */
  get assigned(): Revision {
    return this.#assigned
  }

  /** Head as it is now, to become durable when the journal has everything up to here. */
  seal(): Root {
    return this.#head.snapshot()
  }

  settle(root: Root, revision: Revision, liveBytesDelta: number): void {
    assert(revision >= this.#durableRevision, 'the durable revision never goes back')
    assert(revision <= this.#assigned, 'nothing becomes durable that was not assigned')
    this.#durable = root
    this.#durableRevision = revision
    this.#liveBytes += liveBytesDelta
  }

  /** Head becomes durable's state again. Revisions given out meanwhile are not given out twice. */
  revert(): void {
    this.#head = this.#durable.edit()
  }

  #change(op: Op, revision: Revision): StoreEvent {
    const previous = this.#head.get(op.key)
    if (op.type === 'delete') {
      this.#head.delete(op.key)
      return {
        type: 'delete',
        key: op.key,
        previous: must(previous, 'a delete that changes something has something to delete'),
      }
    }
    const record: KeyValue = {
      key: op.key,
      value: ownBytes(op.value),
      createRevision: previous?.createRevision ?? revision,
      modRevision: revision,
      version: (previous?.version ?? 0) + 1,
      lease: op.lease,
    }
    this.#head.set(op.key, record)
    return { type: 'put', record, previous }
  }
}

/** What a record is counted with, wherever bytes are bounded. */
export function recordBytes(record: KeyValue | undefined): number {
  return record === undefined ? 0 : record.key.length + record.value.byteLength
}

/** What an event adds to the bytes of the current state. */
export function growth(event: StoreEvent): number {
  const after = event.type === 'put' ? recordBytes(event.record) : 0
  return after - recordBytes(event.previous)
}
