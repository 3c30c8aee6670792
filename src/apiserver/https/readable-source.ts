import type { Readable } from 'node:stream'
import type { ByteSource } from '../request.ts'

/** A stream of Node as a ByteSource. Cancelled, it is destroyed. */
export function readableSource(stream: Readable): ByteSource {
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
      // What breaks by this is nobody's concern any more.
      stream.on('error', () => {})
      stream.destroy()
    },
  }
}
