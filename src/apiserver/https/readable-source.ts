import type { Readable } from 'node:stream'
import type { ByteSource } from '../request.ts'
import { ignore } from './connections.ts'

/**
 * A stream of Node as a ByteSource. Cancelled, it is destroyed. What breaks it is told to who reads, and
 * to nobody where nobody does.
 */
export function readableSource(stream: Readable): ByteSource {
  stream.on('error', ignore)
  const chunks: AsyncIterator<unknown> = stream.iterator({ destroyOnReturn: false })
  return {
    async read() {
      for (;;) {
        const { done, value } = await chunks.next()
        if (done === true) return undefined
        if (value instanceof Uint8Array && value.byteLength > 0) return value
      }
    },
    cancel() {
      stream.destroy()
    },
  }
}
