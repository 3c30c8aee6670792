import { open, readdir, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { asError } from '#base'
import { KubeletError } from '../error.ts'

/** How much of a file is read at once. */
export const chunkBytes = 64 * 1024

/** One file of a log, open: it may be renamed, compressed or removed meanwhile. */
export interface LogFile {
  readonly handle: FileHandle
  readonly inode: number
  /** Nothing in it was written later. */
  readonly modifiedMs: number
  readonly compressed: boolean
}

/** What stands behind the name of a log that was rotated away; upstream's. */
const rotatedSuffix = /^\.\d{8}-\d{6}(\.gz)?$/

/** The names of a log's files that were rotated away, the oldest first. */
export async function rotatedLogs(path: string): Promise<string[]> {
  const name = basename(path)
  const all = await readdir(dirname(path))
  const rotated = all.filter(
    (each) => each.startsWith(`${name}.`) && rotatedSuffix.test(each.slice(name.length)),
  )
  return rotated.sort().map((each) => join(dirname(path), each))
}

/**
 * Opens all files of a log, the oldest first; the last one is being written. Rejects with NotFound
 * where there is none. The caller closes them.
 */
export async function openLog(path: string): Promise<LogFile[]> {
  const present = await openFile(path)
  if (present === undefined) throw new KubeletError('NotFound', `there is no log at ${path}`)
  const files = [present]
  try {
    for (const older of (await rotatedLogs(path)).toReversed()) {
      const file = await openFile(older)
      if (file === undefined) continue
      // The present one may have been rotated away since it was opened.
      if (files.some(({ inode }) => inode === file.inode)) await file.handle.close()
      else files.unshift(file)
    }
    return files
  } catch (error) {
    await closeAll(files)
    throw error
  }
}

/** Undefined where it is not there. */
export async function openFile(path: string): Promise<LogFile | undefined> {
  try {
    const handle = await open(path, 'r')
    const { ino, mtimeMs } = await handle.stat()
    return { handle, inode: ino, modifiedMs: mtimeMs, compressed: path.endsWith('.gz') }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

export async function closeAll(files: readonly LogFile[]): Promise<void> {
  for (const { handle } of files) await handle.close()
}

/** The bytes of a file to where it ends now, from a position on; of a compressed one, all of them. */
export function chunksOf(
  { handle, compressed }: LogFile,
  fromByte: number,
): AsyncGenerator<Buffer, void> {
  return compressed ? decompressed(handle) : plainChunks(handle, fromByte)
}

async function* plainChunks(handle: FileHandle, fromByte: number): AsyncGenerator<Buffer, void> {
  for (let at = fromByte; ;) {
    const { bytesRead, buffer } = await handle.read({
      buffer: Buffer.allocUnsafeSlow(chunkBytes),
      position: at,
    })
    if (bytesRead === 0) return
    at += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

async function* decompressed(handle: FileHandle): AsyncGenerator<Buffer, void> {
  const bytes = Readable.from(plainChunks(handle, 0))
  const gunzip = createGunzip({ chunkSize: chunkBytes })
  bytes.on('error', (error) => gunzip.destroy(error))
  try {
    for await (const chunk of bytes.pipe(gunzip)) if (chunk instanceof Buffer) yield chunk
  } catch (error) {
    const message = `a rotated log cannot be read: ${asError(error).message}`
    throw new KubeletError('RuntimeFailed', message, { cause: error })
  } finally {
    bytes.destroy()
  }
}
