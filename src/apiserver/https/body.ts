import type { Clock } from '#base'
import { errors } from '#machinery'
import { bodyTimeoutMs } from './limits.ts'
import { isCutOff, type HttpRequest } from './messages.ts'

/**
 * Reads a request's body whole. Rejects with 413 as soon as it is known to be longer than `limit`,
 * with 504 when it does not arrive in time, and with 400 when the peer goes away within it.
 */
export function readBody(message: HttpRequest, limit: number, clock: Clock): Promise<Uint8Array> {
  const tooLarge = () => errors.requestEntityTooLarge(`limit is ${limit}`)
  const announced = Number(message.headers['content-length'] ?? 0)
  if (announced > limit) return Promise.reject(tooLarge())
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    const timer = clock.timer(
      bodyTimeoutMs,
      () => settle(() => reject(errors.timeoutError('the request body did not arrive'))),
      { unref: true },
    )
    const onData = (chunk: Buffer) => {
      length += chunk.byteLength
      if (length > limit) settle(() => reject(tooLarge()))
      else chunks.push(chunk)
    }
    let ended = false
    // Nothing comes after the end, so the listeners may stay: to take them off costs more.
    const onEnd = () => {
      if (isCutOff(message)) return onGone()
      ended = true
      timer.cancel()
      resolve(whole(chunks))
    }
    const onGone = () => {
      if (!ended) settle(() => reject(errors.badRequest('the request body was cut off')))
    }
    const settle = (then: () => void) => {
      timer.cancel()
      message.off('data', onData)
      message.off('end', onEnd)
      message.off('error', onGone)
      message.off('close', onGone)
      message.pause()
      then()
    }
    message.on('data', onData)
    message.on('end', onEnd)
    message.on('error', onGone)
    message.on('close', onGone)
    if (isCutOff(message)) onGone()
    else message.resume()
  })
}

function whole(chunks: Buffer[]): Uint8Array {
  const [first] = chunks
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks)
}
