import type { Writable } from 'node:stream'
import { constants, createGzip, gzip } from 'node:zlib'
import { promisify } from 'node:util'
import { asError, Slice, type Clock } from '#base'
import type { ApiResponse, ByteSource } from '../request.ts'
import { gzipBytesMin, gzipLevel } from './limits.ts'
import type { HttpResponse } from './messages.ts'
import { sendStream } from './stream.ts'

export interface SendOptions {
  readonly clock: Clock
  /** The request was a HEAD: headers only. */
  readonly headersOnly: boolean
  readonly gzip: boolean
}

const gzipBytes = promisify(gzip)

/**
 * Sends an answer and resolves when its last byte has been handed to the connection, or the peer
 * has gone. Between chunks it waits for the peer and lets other work run.
 */
export async function sendResponse(
  response: HttpResponse,
  answer: ApiResponse,
  options: SendOptions,
): Promise<void> {
  const { body } = answer
  if (response.destroyed) {
    if (body.type === 'passed') body.source.cancel()
    return
  }
  switch (body.type) {
    case 'bytes':
      return sendBytes(response, answer, body.bytes, options)
    case 'chunks':
      if (options.headersOnly) return finish(response, answer, {})
      return sendChunks(response, answer, body.chunks, options)
    case 'stream':
      if (options.headersOnly) return finish(response, answer, {})
      writeHead(response, answer, {})
      return sendStream(response, body, options.clock)
    case 'passed':
      if (body.cookies.length > 0) response.setHeader('set-cookie', [...body.cookies])
      if (options.headersOnly) {
        body.source.cancel()
        return finish(response, answer, {})
      }
      writeHead(response, answer, {})
      return sendPassed(response, body.source)
    case 'upgrade':
      throw new Error('an upgrade is taken by its connection, not answered')
  }
}

/** A source that breaks cuts the answer off: the peer must not take it for whole. */
async function sendPassed(response: HttpResponse, source: ByteSource): Promise<void> {
  // A log that is followed answers at once, though its next line may be far.
  response.flushHeaders()
  response.once('close', () => source.cancel())
  try {
    for (;;) {
      const bytes = await source.read()
      if (response.destroyed) return
      if (bytes === undefined) break
      if (!response.write(bytes)) await drained(response)
    }
    response.end()
  } catch (error) {
    // Without an error, HTTP/2 would end the stream in good order.
    response.destroy(asError(error))
  }
}

function drained(response: HttpResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done)
      response.off('close', done)
      resolve()
    }
    response.once('drain', done)
    response.once('close', done)
    if (response.destroyed) done()
  })
}

async function sendBytes(
  response: HttpResponse,
  answer: ApiResponse,
  bytes: Uint8Array,
  options: SendOptions,
): Promise<void> {
  const compress = options.gzip && mayCompress(answer) && bytes.byteLength >= gzipBytesMin
  const sent = compress ? await gzipBytes(bytes, { level: gzipLevel }) : bytes
  const headers = {
    ...(compress ? gzipHeaders : {}),
    ...(hasBody(answer.code) ? { 'content-length': String(sent.byteLength) } : {}),
  }
  finish(response, answer, headers, options.headersOnly ? undefined : sent)
}

async function sendChunks(
  response: HttpResponse,
  answer: ApiResponse,
  chunks: Iterable<Uint8Array>,
  options: SendOptions,
): Promise<void> {
  if (!options.gzip || !mayCompress(answer)) {
    writeHead(response, answer, {})
    await pump(chunks, response, response, options.clock)
    response.end()
    return
  }
  const iterator = chunks[Symbol.iterator]()
  const head: Uint8Array[] = []
  let length = 0
  while (length < gzipBytesMin) {
    const next = iterator.next()
    if (next.done === true) return sendBytes(response, answer, Buffer.concat(head), options)
    head.push(Uint8Array.from(next.value))
    length += next.value.byteLength
  }
  writeHead(response, answer, gzipHeaders)
  const zip = createGzip({ level: gzipLevel, flush: constants.Z_NO_FLUSH })
  response.once('close', () => zip.destroy())
  zip.pipe(response)
  await pump(concat(head, iterator), zip, response, options.clock)
  zip.end()
}

/**
 * Writes chunks as fast as the peer takes them, one at a time: the next may be made in the memory of
 * the last. Stops asking for more when the peer has gone.
 */
async function pump(
  chunks: Iterable<Uint8Array>,
  target: Writable,
  response: HttpResponse,
  clock: Clock,
): Promise<void> {
  const slice = new Slice(clock)
  let wake = () => {}
  response.once('close', () => wake())
  for (const chunk of chunks) {
    if (response.destroyed) return
    await new Promise<void>((resolve) => {
      wake = resolve
      target.write(chunk, () => resolve())
    })
    await slice.breathe()
  }
}

function* concat(head: Uint8Array[], rest: Iterator<Uint8Array>): Generator<Uint8Array> {
  yield* head
  for (let next = rest.next(); next.done !== true; next = rest.next()) yield next.value
}

const gzipHeaders = { 'content-encoding': 'gzip', vary: 'Accept-Encoding' }

function mayCompress(answer: ApiResponse): boolean {
  return !Object.keys(answer.headers).some((name) => name.toLowerCase() === 'content-encoding')
}

function hasBody(code: number): boolean {
  return code >= 200 && code !== 204 && code !== 304
}

function finish(
  response: HttpResponse,
  answer: ApiResponse,
  headers: Readonly<Record<string, string>>,
  bytes?: Uint8Array,
): void {
  writeHead(response, answer, headers)
  if (bytes === undefined || bytes.byteLength === 0) response.end()
  else response.end(bytes)
}

function writeHead(
  response: HttpResponse,
  answer: ApiResponse,
  headers: Readonly<Record<string, string>>,
): void {
  if (response.destroyed) return
  response.writeHead(answer.code, { ...answer.headers, ...headers })
}
