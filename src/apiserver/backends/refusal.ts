import { StreamingError } from '#streaming'
import type { Answer, ByteSource } from '../request.ts'
import { unexplained } from './unexplained.ts'

/** Why a kubelet could not be brought to speak another protocol: its own words, where it had some. */
export function upgradeRefusal(error: unknown): Answer {
  if (error instanceof StreamingError && error.httpStatus !== undefined) {
    return {
      type: 'document',
      code: error.httpStatus >= 400 ? error.httpStatus : 502,
      contentType: 'text/plain; charset=utf-8',
      bytes: Buffer.from(error.body ?? ''),
    }
  }
  const words = error instanceof Error ? error.message : String(error)
  throw unexplained(`error dialing backend: ${words}`)
}

/** The beginning of a text; the rest is not read. */
export async function readText(source: ByteSource, bytesMax: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let room = bytesMax
  try {
    while (room > 0) {
      const bytes = await source.read()
      if (bytes === undefined) break
      chunks.push(bytes.subarray(0, room))
      room -= bytes.length
    }
  } finally {
    source.cancel()
  }
  return Buffer.concat(chunks).toString()
}
