import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type {
  ChangesPage,
  CompactedSlice,
  CompactSlice,
  Floor,
  JournalState,
  LeaseGrant,
  RangePage,
  ReadChanges,
  ReadRange,
} from './journal.ts'
import { unbounded, type KeyRange } from './key-range.ts'
import type { KeyValue, LeaseId, Revision, StoreEvent } from './store.ts'

/** `application_id` in the file's header: 'k8ts'. */
export const applicationId = 0x6b387473
/** `user_version` in the file's header: how the tables below are to be read. */
export const formatVersion = 1

/** Places per revision in the ids of changes; more than a transaction has operations. */
const idsPerRevision = 256

/**
 * One row of `change`, as it travels to the worker: id, key, version (0: deleted), create revision,
 * revision of the state before (0: none), lease, value.
 */
export type ChangeRow = readonly [
  id: number,
  key: string,
  version: number,
  createRevision: Revision,
  previous: Revision,
  lease: LeaseId | null,
  value: Uint8Array | null,
]

export interface AppendRows {
  readonly at: number
  readonly changes: readonly ChangeRow[]
  readonly granted: readonly LeaseGrant[]
  readonly revoked: readonly LeaseId[]
}

export function changeRow(revision: Revision, index: number, event: StoreEvent): ChangeRow {
  const id = revision * idsPerRevision + index
  const previous = event.previous?.modRevision ?? 0
  if (event.type === 'delete') return [id, event.key, 0, 0, previous, null, null]
  const { key, version, createRevision, lease, value } = event.record
  return [id, key, version, createRevision, previous, lease ?? null, value]
}

/** What a new file is made of. Values come last, so that the rest of a row is read without them. */
const schema = `
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${formatVersion};
  CREATE TABLE change (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    create_revision INTEGER NOT NULL,
    previous INTEGER NOT NULL,
    lease TEXT,
    at INTEGER NOT NULL,
    value BLOB
  ) STRICT;
  CREATE INDEX change_by_key ON change (key, id);
  CREATE TABLE lease (id TEXT PRIMARY KEY, ttl_seconds INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE floor (
    start TEXT NOT NULL,
    end TEXT NOT NULL,
    revision INTEGER NOT NULL,
    PRIMARY KEY (start, end)
  ) STRICT, WITHOUT ROWID;
`

/**
 * The journal's tables and statements, synchronous: what the worker runs. Each method that changes
 * something is one transaction and is on disk when it returns.
 */
export class SqliteDatabase {
  readonly #db: DatabaseSync
  readonly #statements: ReturnType<typeof prepareAll>

  private constructor(db: DatabaseSync) {
    this.#db = db
    this.#statements = prepareAll(db)
  }

  /** Makes a new file with no content. */
  static create(path: string): SqliteDatabase {
    const db = new DatabaseSync(path)
    try {
      // Only an empty file takes it: pages that compaction frees can be given back to the disk.
      db.exec('PRAGMA auto_vacuum = INCREMENTAL')
      setUp(db)
      db.exec(`BEGIN; ${schema} COMMIT`)
      return new SqliteDatabase(db)
    } catch (error) {
      db.close()
      throw error
    }
  }

  /** Opens and locks a file. `check` sees its header before anything in it is relied on. */
  static open(path: string, check: (header: FileHeader) => void): SqliteDatabase {
    const db = new DatabaseSync(path)
    try {
      // Before anything is read, so that the lock taken by the first read is never given back.
      db.exec('PRAGMA locking_mode = EXCLUSIVE')
      check({
        applicationId: pragma(db, 'application_id'),
        formatVersion: pragma(db, 'user_version'),
      })
      setUp(db)
      db.exec('BEGIN IMMEDIATE; COMMIT')
      return new SqliteDatabase(db)
    } catch (error) {
      db.close()
      throw error
    }
  }

  state(): JournalState {
    const newest = this.#statements.newest.get()
    const floors = this.#statements.floors.all().map((row): Floor => ({
      start: String(row['start']),
      end: String(row['end']),
      revision: Number(row['revision']),
    }))
    return {
      // Compaction may have taken the newest change away, when it was a deletion.
      revision: Math.max(
        1,
        revisionOf(Number(newest?.['id'] ?? 0)),
        ...floors.map((floor) => floor.revision),
      ),
      lastAt: Number(newest?.['at'] ?? 0),
      leases: this.#statements.leases
        .all()
        .map((row) => ({ id: String(row['id']), ttlSeconds: Number(row['ttl_seconds']) })),
      floors,
    }
  }

  append(rows: AppendRows): void {
    this.#transaction(() => {
      const { insert, grant, revoke } = this.#statements
      for (const [id, key, version, createRevision, previous, lease, value] of rows.changes) {
        insert.run(id, key, version, createRevision, previous, lease, rows.at, value)
      }
      for (const { id, ttlSeconds } of rows.granted) grant.run(id, ttlSeconds)
      for (const id of rows.revoked) revoke.run(id)
    })
  }

  /** Sets the state of a new file: records without history, whose floor is their revision. */
  restore(records: Iterable<KeyValue>, leases: readonly LeaseGrant[], at: number): void {
    this.#transaction(() => {
      const indexes = new Map<Revision, number>()
      for (const record of records) {
        const { key, version, createRevision, modRevision, lease, value } = record
        const index = indexes.get(modRevision) ?? 0
        indexes.set(modRevision, index + 1)
        const id = modRevision * idsPerRevision + index
        this.#statements.insert.run(id, key, version, createRevision, 0, lease ?? null, at, value)
      }
      for (const { id, ttlSeconds } of leases) this.#statements.grant.run(id, ttlSeconds)
    })
  }

  setFloor(floor: Floor): void {
    this.#statements.setFloor.run(floor.start, floor.end, floor.revision)
  }

  readRange(request: ReadRange): RangePage {
    const statement = request.countOnly ? this.#statements.rangeKeys : this.#statements.range
    const end = endBinding(request)
    const found = statement.iterate(request.start, end, idAfter(request.revision), request.limit)
    const { rows, isCut } = pageOf(found, request.limit)
    const records: KeyValue[] = []
    let count = 0
    for (const row of rows) {
      if (row['version'] === 0) continue
      count++
      if (!request.countOnly) records.push(recordOf(row))
    }
    const last = rows.at(-1)
    const next = isCut && last !== undefined ? `${String(last['key'])}\0` : undefined
    return { records, count, next }
  }

  readChanges(request: ReadChanges): ChangesPage {
    const { after, upTo, limit, start } = request
    const found = this.#statements.changes.iterate(
      start,
      endBinding(request),
      idAfter(after),
      idAfter(upTo),
      limit,
    )
    const { whole, reached } = wholeTransactions(pageOf(found, limit), upTo)
    const batches: { revision: Revision; events: StoreEvent[] }[] = []
    for (const row of whole) {
      if (row['wanted'] !== 1) continue
      const revision = revisionOf(Number(row['id']))
      const last = batches.at(-1)
      if (last?.revision === revision) last.events.push(this.#eventOf(row))
      else batches.push({ revision, events: [this.#eventOf(row)] })
    }
    return { batches, reached }
  }

  revisionAt(timeMs: number): Revision {
    const { newest, firstFrom } = this.#statements
    let low = 0
    let high = Number(newest.get()?.['id'] ?? 0) + 1
    // Appends have times that never go back, so the first one past `timeMs` is found by halving.
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      const row = firstFrom.get(middle)
      if (row === undefined || Number(row['at']) > timeMs) high = middle
      else low = Number(row['id']) + 1
    }
    return revisionOf(Number(this.#statements.lastBefore.get(low)?.['id'] ?? 0))
  }

  compactSlice(request: CompactSlice): CompactedSlice {
    const { start, end, after, upTo, limit } = request
    const found = this.#statements.heads.iterate(
      start,
      endBinding(request),
      idAfter(after),
      idAfter(upTo),
      limit,
    )
    const { whole, reached } = wholeTransactions(pageOf(found, limit), upTo)
    this.#transaction(() => {
      for (const row of whole) {
        if (row['wanted'] !== 1) continue
        const id = Number(row['id'])
        const previous = Number(row['previous'])
        if (previous > 0) {
          const key = String(row['key'])
          this.#statements.forgetState.run(key, idAfter(previous - 1), idAfter(previous))
        }
        if (row['version'] === 0) this.#statements.forget.run(id)
      }
      this.#statements.setFloor.run(start, end, reached)
    })
    return { reached }
  }

  /** Bytes of the pages in use. */
  usedBytes(): number {
    const pages = pragma(this.#db, 'page_count') - pragma(this.#db, 'freelist_count')
    return pages * pragma(this.#db, 'page_size')
  }

  /** Gives a slice of the free pages back to the disk (at the next checkpoint), where they are many. */
  shrinkSlice(): void {
    const free = pragma(this.#db, 'freelist_count')
    if (free > freePagesKept && free * 4 > pragma(this.#db, 'page_count')) this.#vacuum()
  }

  /** Cuts all free pages off. */
  shrink(): void {
    while (pragma(this.#db, 'freelist_count') > 0) this.#vacuum()
  }

  /** What the file holds once the log has been moved into it. */
  fileBytes(): number {
    return pragma(this.#db, 'page_count') * pragma(this.#db, 'page_size')
  }

  /** Moves what is in the write-ahead log into the file, which makes the log start over. */
  checkpoint(): void {
    this.#db.prepare('PRAGMA wal_checkpoint(PASSIVE)').get()
  }

  /** The same, and gives the log's bytes back to the disk. */
  emptyLog(): void {
    this.#db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()
  }

  /** Leaves one file, without a log beside it. */
  close(): void {
    this.#db.close()
  }

  #vacuum(): void {
    this.#db.exec(`PRAGMA incremental_vacuum(${vacuumPages})`)
  }

  #eventOf(row: Row): StoreEvent {
    const key = String(row['key'])
    const before = Number(row['previous'])
    const previous =
      before === 0
        ? undefined
        : this.#statements.stateAt.get(key, idAfter(before - 1), idAfter(before))
    if (row['version'] !== 0) {
      return { type: 'put', record: recordOf(row), previous: previous && recordOf(previous) }
    }
    if (previous === undefined) throw new Error(`the state before a deletion is missing: ${key}`)
    return { type: 'delete', key, previous: recordOf(previous) }
  }

  #transaction(work: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      work()
      this.#db.exec('COMMIT')
    } catch (error) {
      // Some failures have rolled back already.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw error
    }
  }
}

export interface FileHeader {
  readonly applicationId: number
  readonly formatVersion: number
}

type Row = Record<string, unknown>

/** A log that grew longer is cut down to this when it starts over. */
const logBytesKept = 32 << 20

/** Free pages are left for later writes while they are fewer than this, or a quarter of all. */
const freePagesKept = 2_048
const vacuumPages = 500

function setUp(db: DatabaseSync): void {
  db.exec(`
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = 0;
    PRAGMA journal_size_limit = ${logBytesKept};
    PRAGMA temp_store = MEMORY;
  `)
}

function prepareAll(db: DatabaseSync) {
  const prepare = (sql: string): StatementSync => db.prepare(sql)
  const columns = 'id, key, version, create_revision, previous, lease'
  const wanted = '(key >= ? AND key < ?) AS wanted'
  const newestStates = `
    SELECT key AS k, max(id) AS i FROM change
    WHERE key >= ? AND key < ? AND id < ? GROUP BY key ORDER BY key LIMIT ?`
  return {
    newest: prepare('SELECT id, at FROM change ORDER BY id DESC LIMIT 1'),
    floors: prepare('SELECT start, end, revision FROM floor'),
    leases: prepare('SELECT id, ttl_seconds FROM lease'),
    insert: prepare('INSERT INTO change VALUES (?, ?, ?, ?, ?, ?, ?, ?)'),
    grant: prepare('INSERT OR REPLACE INTO lease VALUES (?, ?)'),
    revoke: prepare('DELETE FROM lease WHERE id = ?'),
    range: prepare(`SELECT c.* FROM (${newestStates}) JOIN change c ON c.id = i ORDER BY k`),
    rangeKeys: prepare(
      `SELECT c.key, c.version FROM (${newestStates}) JOIN change c ON c.id = i ORDER BY k`,
    ),
    changes: prepare(
      `SELECT ${columns}, ${wanted}, CASE WHEN key >= ?1 AND key < ?2 THEN value END AS value
       FROM change WHERE id >= ? AND id < ? ORDER BY id LIMIT ?`,
    ),
    heads: prepare(
      `SELECT ${columns}, ${wanted} FROM change WHERE id >= ? AND id < ? ORDER BY id LIMIT ?`,
    ),
    stateAt: prepare('SELECT * FROM change WHERE key = ? AND id >= ? AND id < ?'),
    forgetState: prepare('DELETE FROM change WHERE key = ? AND id >= ? AND id < ?'),
    forget: prepare('DELETE FROM change WHERE id = ?'),
    firstFrom: prepare('SELECT id, at FROM change WHERE id >= ? ORDER BY id LIMIT 1'),
    lastBefore: prepare('SELECT id FROM change WHERE id < ? ORDER BY id DESC LIMIT 1'),
    setFloor: prepare('INSERT OR REPLACE INTO floor VALUES (?, ?, ?)'),
  }
}

function pragma(db: DatabaseSync, name: string): number {
  return Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0])
}

function revisionOf(id: number): Revision {
  return Math.floor(id / idsPerRevision)
}

/** The smallest id greater than all of this revision. */
function idAfter(revision: Revision): number {
  return revision >= Number.MAX_SAFE_INTEGER / idsPerRevision - 1
    ? Number.MAX_SAFE_INTEGER
    : (revision + 1) * idsPerRevision
}

/** SQLite orders every text before every blob, so an empty blob is a bound above all keys. */
function endBinding(range: KeyRange): string | Uint8Array {
  return range.end === unbounded ? new Uint8Array() : range.end
}

interface Page {
  readonly rows: readonly Row[]
  /** There may be more behind it. */
  readonly isCut: boolean
}

/** Bytes of values of one page, about; more than any transaction has. */
const pageBytes = 4 << 20

function pageOf(found: Iterable<Row>, limit: number): Page {
  const rows: Row[] = []
  let bytes = 0
  for (const row of found) {
    rows.push(row)
    if (row['value'] instanceof Uint8Array) bytes += row['value'].byteLength
    if (bytes >= pageBytes) return { rows, isCut: true }
  }
  return { rows, isCut: rows.length >= limit }
}

/** Leaves out the last transaction of a page, which may be cut off. */
function wholeTransactions(
  { rows, isCut }: Page,
  upTo: Revision,
): { readonly whole: readonly Row[]; readonly reached: Revision } {
  const last = rows.at(-1)
  if (last === undefined || !isCut) return { whole: rows, reached: upTo }
  const cut = revisionOf(Number(last['id']))
  const whole = rows.filter((row) => revisionOf(Number(row['id'])) < cut)
  return { whole, reached: cut - 1 }
}

function recordOf(row: Row): KeyValue {
  const { value, lease } = row
  return {
    key: String(row['key']),
    value: value instanceof Uint8Array ? value : new Uint8Array(),
    createRevision: Number(row['create_revision']),
    modRevision: revisionOf(Number(row['id'])),
    version: Number(row['version']),
    lease: typeof lease === 'string' ? lease : undefined,
  }
}
