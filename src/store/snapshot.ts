import { createHash, type Hash } from 'node:crypto'
import { Slice, type Clock } from '#base'
import type { LeaseGrant } from './journal.ts'
import { StoreError, type KeyValue, type Revision } from './store.ts'

/**
 * The snapshot's format, the project's own: a magic line, the length and the JSON of the header,
 * the records in key order, and the SHA-256 of all that. Numbers are big-endian. It holds the
 * current state of one revision, not its history.
 */
export interface SnapshotHeader {
  readonly revision: Revision
  readonly keys: number
  readonly leases: readonly LeaseGrant[]
}

const magic = Buffer.from('k8ts snapshot\n')
const formatVersion = 1
const chunkBytes = 256 << 10
const digestBytes = 32
/** Lengths of key, value and lease, then the three counters. */
const fixedBytes = 3 * 4 + 3 * 8

export async function* writeSnapshot(
  header: SnapshotHeader,
  records: Iterable<KeyValue> | AsyncIterable<KeyValue>,
  clock: Clock,
): AsyncGenerator<Uint8Array, undefined> {
  const hash = createHash('sha256')
  const slice = new Slice(clock)
  let parts: Uint8Array[] = [encodeHeader(header)]
  let bytes = 0
  for await (const record of records) {
    const encoded = encodeRecord(record)
    parts.push(...encoded)
    for (const part of encoded) bytes += part.byteLength
    if (bytes < chunkBytes) continue
    yield hashed(hash, parts)
    parts = []
    bytes = 0
    await slice.breathe()
  }
  yield hashed(hash, parts)
  yield new Uint8Array(hash.digest())
}

/**
 * Reads what `writeSnapshot` wrote: calls `onHeader` once, then `onRecord` for each. Fails with
 * `Unusable` on anything that is damaged, cut off or of another format; only when it resolves is
 * what was handed out known to be whole.
 */
export async function readSnapshot(
  chunks: AsyncIterable<Uint8Array>,
  onHeader: (header: SnapshotHeader) => void,
  onRecord: (record: KeyValue) => void,
): Promise<void> {
  const reader = new Reader(chunks)
  const start = await reader.take(magic.length)
  if (!magic.equals(start)) throw damaged('it is not a snapshot made by k8ts')
  const length = view(await reader.take(4)).getUint32(0)
  if (length > headerBytesMax) throw damaged('its header is damaged')
  const header = decodeHeader(await reader.take(length))
  onHeader(header)
  for (let i = 0; i < header.keys; i++) onRecord(await readRecord(reader))
  const expected = reader.digest()
  const found = await reader.take(digestBytes)
  if (!expected.equals(found)) throw damaged('its checksum does not match its contents')
  if (await reader.hasMore()) throw damaged('something follows after its end')
}

const headerBytesMax = 256 << 20
const fieldBytesMax = 64 << 20

function encodeHeader(header: SnapshotHeader): Uint8Array {
  const json = Buffer.from(JSON.stringify({ version: formatVersion, ...header }))
  const length = new Uint8Array(4)
  view(length).setUint32(0, json.byteLength)
  return Buffer.concat([magic, length, json])
}

function decodeHeader(json: Uint8Array): SnapshotHeader {
  let header: unknown
  try {
    header = JSON.parse(Buffer.from(json).toString())
  } catch (error) {
    throw damaged('its header is damaged', error)
  }
  const { version, revision, keys, leases } = header as Partial<
    SnapshotHeader & { version: number }
  >
  if (typeof version === 'number' && version > formatVersion) {
    throw damaged(`its format ${version} is newer than this k8ts knows (${formatVersion})`)
  }
  if (version !== formatVersion || !isCount(revision) || !isCount(keys) || !Array.isArray(leases)) {
    throw damaged('its header is damaged')
  }
  return { revision, keys, leases }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function encodeRecord(record: KeyValue): [Uint8Array, Uint8Array] {
  const lease = record.lease ?? ''
  const keyBytes = Buffer.byteLength(record.key)
  const head = Buffer.alloc(fixedBytes + keyBytes + lease.length)
  const fixed = view(head)
  fixed.setUint32(0, keyBytes)
  fixed.setUint32(4, record.value.byteLength)
  fixed.setUint32(8, lease.length)
  fixed.setFloat64(12, record.createRevision)
  fixed.setFloat64(20, record.modRevision)
  fixed.setFloat64(28, record.version)
  head.write(record.key, fixedBytes)
  head.write(lease, fixedBytes + keyBytes, 'latin1')
  return [head, record.value]
}

async function readRecord(reader: Reader): Promise<KeyValue> {
  const fixed = view(await reader.take(fixedBytes))
  const keyBytes = fixed.getUint32(0)
  const valueBytes = fixed.getUint32(4)
  const leaseBytes = fixed.getUint32(8)
  if (keyBytes + valueBytes + leaseBytes > fieldBytesMax) throw damaged('a record is damaged')
  const key = Buffer.from(await reader.take(keyBytes)).toString()
  const lease = Buffer.from(await reader.take(leaseBytes)).toString('latin1')
  return {
    key,
    value: new Uint8Array(await reader.take(valueBytes)),
    createRevision: fixed.getFloat64(12),
    modRevision: fixed.getFloat64(20),
    version: fixed.getFloat64(28),
    lease: lease === '' ? undefined : lease,
  }
}

function hashed(hash: Hash, parts: readonly Uint8Array[]): Uint8Array {
  const chunk = Buffer.concat(parts)
  hash.update(chunk)
  return chunk
}

/** Takes exact lengths out of a stream of chunks, and hashes what it gives out. */
class Reader {
  readonly #chunks: AsyncIterator<Uint8Array>
  readonly #hash = createHash('sha256')
  #rest: Uint8Array = new Uint8Array()

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  async take(length: number): Promise<Uint8Array> {
    if (this.#rest.byteLength < length) await this.#fill(length)
    const taken = this.#rest.subarray(0, length)
    this.#rest = this.#rest.subarray(length)
    this.#hash.update(taken)
    return taken
  }

  digest(): Buffer {
    return this.#hash.copy().digest()
  }

  async hasMore(): Promise<boolean> {
    return this.#rest.byteLength > 0 || (await this.#chunks.next()).done !== true
  }

  async #fill(length: number): Promise<void> {
    const parts = [this.#rest]
    let bytes = this.#rest.byteLength
    while (bytes < length) {
      const next = await this.#chunks.next()
      if (next.done === true) throw damaged('it is cut off')
      parts.push(next.value)
      bytes += next.value.byteLength
    }
    this.#rest = Buffer.concat(parts)
  }
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function damaged(what: string, cause?: unknown): StoreError {
  return new StoreError('Unusable', `the snapshot cannot be read: ${what}`, { cause })
}
