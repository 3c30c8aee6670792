import { createReadStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { asError, type Clock } from '#base'
import { createDirectory, syncDirectory } from './data-directory.ts'
import { everything } from './key-range.ts'
import { readSnapshot, type SnapshotHeader } from './snapshot.ts'
import { StoreError, type KeyValue, type Revision, type Store } from './store.ts'

export interface SnapshotStatus {
  readonly revision: Revision
  readonly keys: number
  readonly sizeBytes: number
}

/**
 * Writes a snapshot of any store to a file. The file appears whole or not at all, and replaces one
 * that is there. Readable by its owner only, as it holds Secrets.
 */
export async function saveSnapshot(store: Store, path: string): Promise<SnapshotStatus> {
  const half = `${path}.part`
  try {
    const file = await open(half, 'w', 0o600)
    try {
      for await (const chunk of store.snapshot()) await file.writeFile(chunk)
      await file.sync()
    } finally {
      await file.close()
    }
    // Read back what was written, before anybody relies on it.
    const status = await snapshotStatus(half)
    await rename(half, path)
    syncDirectory(dirname(path))
    return status
  } catch (error) {
    await rm(half, { force: true })
    throw unusable(`the snapshot cannot be written to ${path}`, error)
  }
}

/** What a snapshot holds, after reading all of it. Fails with `Unusable` where it is damaged. */
export async function snapshotStatus(path: string): Promise<SnapshotStatus> {
  let header: SnapshotHeader | undefined
  let sizeBytes = 0
  try {
    await readSnapshot(
      counted(path, (bytes) => (sizeBytes += bytes)),
      (read) => void (header = read),
      () => {},
    )
  } catch (error) {
    throw unusable(path, error)
  }
  return { revision: header?.revision ?? 0, keys: header?.keys ?? 0, sizeBytes }
}

/**
 * Makes the data directory of an embedded store from a snapshot. The directory must be absent or
 * empty, and is left so when anything fails. Revisions go on from the snapshot's; history before it
 * is gone, so watches from before it end with `Compacted`.
 */
export async function restoreSnapshot(
  path: string,
  dataDir: string,
  clock: Clock,
): Promise<SnapshotStatus> {
  const status = await snapshotStatus(path)
  const records: KeyValue[] = []
  let header: SnapshotHeader | undefined
  try {
    await readSnapshot(
      counted(path, () => {}),
      (read) => void (header = read),
      (record) => void records.push(record),
    )
  } catch (error) {
    throw unusable(path, error)
  }
  createDirectory(dataDir, (database) => {
    database.restore(records, header?.leases ?? [], clock.now())
    database.setFloor({ ...everything, revision: status.revision })
  })
  return status
}

async function* counted(
  path: string,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array, undefined> {
  const chunks: AsyncIterable<Buffer> = createReadStream(path, { highWaterMark: 1 << 20 })
  for await (const chunk of chunks) {
    count(chunk.byteLength)
    yield chunk
  }
}

function unusable(what: string, error: unknown): StoreError {
  if (error instanceof StoreError && error.reason !== 'Unusable') return error
  const cause = asError(error)
  return new StoreError('Unusable', `${what}: ${cause.message}`, { cause })
}
