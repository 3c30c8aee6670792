import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { unreachable } from '#base'
import type { Reply } from './reply.ts'

/** Sends an answer. Rejects where what it is made of breaks; the client's leaving ends it. */
export async function sendReply(response: ServerResponse, reply: Reply): Promise<void> {
  switch (reply.type) {
    case 'whole': {
      const length = Buffer.byteLength(reply.body)
      response.writeHead(reply.code, {
        'content-type': reply.contentType,
        'content-length': length,
        'x-content-type-options': 'nosniff',
      })
      response.end(reply.body)
      return
    }
    case 'redirect':
      response.writeHead(301, { location: reply.location, 'content-length': 0 })
      response.end()
      return
    case 'stream':
      response.writeHead(200, { 'content-type': reply.contentType })
      // A log that is followed may say nothing for long.
      response.flushHeaders()
      await sendChunks(response, reply.chunks)
      return
    case 'upgrade':
      // Only asked for by requests that are upgrades, which have no response.
      response.writeHead(500)
      response.end()
      return
    default:
      unreachable(reply)
  }
}

async function sendChunks(
  response: ServerResponse,
  chunks: AsyncIterable<Uint8Array>,
): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  for await (const chunk of chunks) {
    if (response.destroyed) return
    if (response.write(chunk)) continue
    // What the client does not take is not read either.
    await once(response, 'drain', { signal: gone.signal }).catch(() => {})
    if (response.destroyed) return
  }
  response.end()
}
