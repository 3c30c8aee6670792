import { createSocket } from 'node:dgram'
import { connect, isIPv6 } from 'node:net'
import { asError, type Random } from '#base'
import { DnsError } from '../error.ts'
import { tcpBytesMax, udpBytesMax } from '../limits.ts'
import { flag } from '../wire/codes.ts'
import { decodeMessage } from '../wire/decode.ts'
import { encodeMessage } from '../wire/encode.ts'
import { Framing, framed } from '../wire/framing.ts'
import type { Message } from '../wire/message.ts'
import { isReply, type Asked, type Exchange, type Resolver } from './exchange.ts'

/**
 * Over a socket of its own for each question: its random port, beside the random id, is what a
 * forged answer would have to guess.
 */
export function socketExchange(random: Random): Exchange {
  return (resolver, asked, over, signal) => {
    const id = random.integer(0x10000)
    const query = encodeMessage(queryOf(id, asked), tcpBytesMax)
    const wanted = (bytes: Uint8Array) => {
      try {
        const message = decodeMessage(bytes)
        return isReply(message, id, asked.question) ? message : undefined
      } catch {
        // Not what we wait for; perhaps somebody guesses.
        return undefined
      }
    }
    return over === 'udp'
      ? overUdp(resolver, query, wanted, signal)
      : overTcp(resolver, query, wanted, signal)
  }
}

type Wanted = (bytes: Uint8Array) => Message | undefined

function queryOf(id: number, asked: Asked): Message {
  return {
    id,
    flags: flag.recursionDesired | (asked.checkingDisabled ? flag.checkingDisabled : 0),
    rcode: 0,
    question: asked.question,
    answers: [],
    authorities: [],
    additionals: [],
    edns:
      asked.plain === true
        ? undefined
        : { version: 0, udpBytes: udpBytesMax, dnssecOk: asked.dnssecOk },
  }
}

function overUdp(resolver: Resolver, query: Uint8Array, wanted: Wanted, signal: AbortSignal) {
  const socket = createSocket(isIPv6(resolver.address) ? 'udp6' : 'udp4')
  return settled<Message>(
    resolver,
    signal,
    () => socket.close(),
    (resolve, reject) => {
      socket.on('error', reject)
      socket.on('message', (bytes) => {
        const message = wanted(bytes)
        if (message !== undefined) resolve(message)
      })
      // Connected, it takes packets of the resolver only, and hears when there is none.
      socket.on('connect', () => socket.send(query, (error) => error !== null && reject(error)))
      socket.connect(resolver.port, resolver.address)
    },
  )
}

function overTcp(resolver: Resolver, query: Uint8Array, wanted: Wanted, signal: AbortSignal) {
  const socket = connect(resolver.port, resolver.address)
  return settled<Message>(
    resolver,
    signal,
    () => socket.destroy(),
    (resolve, reject) => {
      const framing = new Framing()
      socket.on('error', reject)
      socket.on('close', () => reject(new Error('the connection was closed')))
      socket.on('data', (chunk: Buffer) => {
        for (const bytes of framing.push(chunk)) {
          const message = wanted(bytes)
          if (message !== undefined) resolve(message)
        }
      })
      socket.write(framed(query))
    },
  )
}

/** Ends once, by whatever comes first, and closes the socket then. */
function settled<T>(
  { address, port }: Resolver,
  signal: AbortSignal,
  close: () => void,
  begin: (resolve: (value: T) => void, reject: (cause: Error) => void) => void,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  let open = true
  const end = () => {
    if (!open) return false
    open = false
    signal.removeEventListener('abort', onAbort)
    close()
    return true
  }
  const onAbort = () => {
    if (end()) reject(asError(signal.reason))
  }
  signal.addEventListener('abort', onAbort)
  begin(
    (value) => {
      if (end()) resolve(value)
    },
    (cause) => {
      const message = `resolver ${address} port ${port}: ${cause.message}`
      if (end()) reject(new DnsError('Unreachable', message, { cause }))
    },
  )
  if (signal.aborted) onAbort()
  return promise
}
