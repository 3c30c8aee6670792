import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pipeline, Readable } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { asError } from '#base'
import type { Exec, ExecOptions } from '#linux'
import { KubeletError } from '../error.ts'
import { readImageArchive, type ArchivedImage } from './image-archive.ts'
import { machineArchitecture } from './images.ts'
import { invalid } from './tar-reader.ts'

/**
 * Loads an OCI or docker archive into containerd for CRI, and returns the names of its images as
 * pods name them. It goes through the client that comes with containerd: what that does, unpacking
 * included, is what containerd's own gRPC services would take a dozen calls for.
 *
 * Throws a KubeletError, InvalidImage, for what cannot be imported; nothing is imported then.
 */
export async function importImages(
  exec: Exec,
  containerdAddress: string,
  archive: Uint8Array,
): Promise<readonly string[]> {
  const images = await readImageArchive(Readable.from([archive]), machineArchitecture())
  return importWith(exec, containerdAddress, images, '-', archive)
}

/**
 * The same of a file, which may be compressed with gzip or zstd, and is never in memory as a whole.
 * Errors name the file.
 */
export async function importImageFile(
  exec: Exec,
  containerdAddress: string,
  path: string,
): Promise<readonly string[]> {
  try {
    const compression = await compressionOf(path)
    const images = await readImageArchive(bytesOf(path, compression), machineArchitecture())
    return compression === 'none'
      ? await importWith(exec, containerdAddress, images, resolve(path))
      : await importWith(exec, containerdAddress, images, '-', bytesOf(path, compression))
  } catch (cause) {
    const reason = cause instanceof KubeletError ? cause.reason : 'InvalidImage'
    throw new KubeletError(reason, `${path}: ${asError(cause).message}`, { cause })
  }
}

const importTimeoutMs = 600_000

async function importWith(
  exec: Exec,
  containerdAddress: string,
  images: readonly ArchivedImage[],
  from: string,
  input?: Uint8Array | AsyncIterable<Uint8Array>,
): Promise<readonly string[]> {
  const ctr = async (args: readonly string[], options: ExecOptions = {}) => {
    const common = ['--address', containerdAddress, '--namespace', 'k8s.io', 'images']
    try {
      await exec.run('ctr', [...common, ...args], { timeoutMs: importTimeoutMs, ...options })
    } catch (cause) {
      throw new KubeletError('RuntimeFailed', asError(cause).message, { cause })
    }
  }
  await ctr(['import', from], input === undefined ? {} : { input })
  for (const { written, name } of images) {
    if (written === name) continue
    await ctr(['tag', '--force', written, name])
    await ctr(['remove', written])
  }
  return [...new Set(images.map(({ name }) => name))]
}

type Compression = 'gzip' | 'none' | 'zstd'

/** By the first bytes. What containerd does not read, and we neither, is named. */
async function compressionOf(path: string): Promise<Compression> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(6), 0, 6, 0)
    const start = buffer.toString('hex', 0, bytesRead)
    if (start.startsWith('1f8b')) return 'gzip'
    if (start.startsWith('28b52ffd')) return 'zstd'
    if (start.startsWith('fd377a585a00')) throw invalid('it is compressed with xz; unpack it first')
    if (start.startsWith('425a68')) throw invalid('it is compressed with bzip2; unpack it first')
    return 'none'
  } finally {
    await file.close()
  }
}

function bytesOf(path: string, compression: Compression): AsyncIterable<Uint8Array> {
  const file = createReadStream(path, { highWaterMark: 1024 * 1024 })
  if (compression === 'none') return file
  const unpacked = compression === 'gzip' ? createGunzip() : createZstdDecompress()
  // Who reads is told of errors by the stream itself.
  return pipeline(file, unpacked, () => {})
}
