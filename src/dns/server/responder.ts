import { asError, type Log } from '#base'
import { DnsError } from '../error.ts'
import type { Forwarder } from '../forward/forwarder.ts'
import { tcpBytesMax, udpBytesMax, udpBytesPlain } from '../limits.ts'
import type { Metrics } from '../metrics.ts'
import { decide, type Answer, type Cluster } from '../records/decide.ts'
import { withAddressesShuffled } from '../records/shuffle.ts'
import { classInternet, flag, opcodeOf, rcode, recordType } from '../wire/codes.ts'
import { decodeHeader, decodeQuery, type Header, type Query } from '../wire/decode.ts'
import { encodeMessage } from '../wire/encode.ts'
import type { Edns, Question } from '../wire/message.ts'

export interface Carrier {
  readonly proto: 'udp' | 'tcp'
  readonly family: 4 | 6
}

export interface ResponderOptions {
  readonly cluster: Cluster
  readonly forwarder: Forwarder
  readonly metrics: Metrics
  readonly log: Log
  /** Whether all objects of the cluster are known; before, nothing is denied about its names. */
  readonly synced: () => boolean
}

/** From the bytes of a question to those of its answer; undefined for what gets none. Never rejects. */
export type Responder = (bytes: Uint8Array, carrier: Carrier) => Promise<Uint8Array | undefined>

export function createResponder(options: ResponderOptions): Responder {
  const { log, metrics } = options
  return async (bytes, { proto, family }) => {
    const header = decodeHeader(bytes)
    // To answer an answer could go on forever.
    if (header === undefined || (header.flags & flag.response) !== 0) return undefined
    const read = readQuery(bytes, header)
    metrics.request(proto, family, read.query?.question.type ?? 0)
    let answer: Answer
    try {
      answer = read.query === undefined ? failed(read.rcode) : await answerTo(options, read, header)
    } catch (error) {
      log.error('a question could not be answered', { error: asError(error) })
      answer = failed(rcode.serverFailure)
    }
    metrics.response(answer.rcode)
    const limit = proto === 'tcp' ? tcpBytesMax : udpLimit(read.query?.edns)
    return encodeReply(header, read.query, answer, limit)
  }
}

type Read =
  | { readonly query: Query; readonly rcode: number }
  | { readonly query: undefined; readonly rcode: number }

function readQuery(bytes: Uint8Array, header: Header): Read {
  if (opcodeOf(header.flags) !== 0) return { query: undefined, rcode: rcode.notImplemented }
  try {
    return { query: decodeQuery(bytes, header), rcode: rcode.noError }
  } catch (error) {
    if (!(error instanceof DnsError)) throw error
    return { query: undefined, rcode: rcode.formatError }
  }
}

async function answerTo(
  { cluster, forwarder, synced }: ResponderOptions,
  { query }: { readonly query: Query },
  header: Header,
): Promise<Answer> {
  const { question, edns } = query
  if ((edns?.version ?? 0) > 0) return failed(rcode.badVersion)
  if (question.class !== classInternet || isTransfer(question)) return failed(rcode.refused)
  const ask = async (question: Question): Promise<Answer> => {
    const answer = await forwarder.ask({
      question,
      dnssecOk: edns?.dnssecOk ?? false,
      checkingDisabled: (header.flags & flag.checkingDisabled) !== 0,
    })
    return { ...answer, answers: withAddressesShuffled(cluster.random, answer.answers) }
  }
  if (!synced() && cluster.zones.of(question.name) !== undefined) return failed(rcode.serverFailure)
  const decision = decide(cluster, question)
  if (decision.to === 'answer') return decision.answer
  if (decision.to === 'forward') return ask(question)
  const { aliases, target } = decision
  if (!forwarder.canAsk) return { ...failed(rcode.noError), authoritative: true, answers: aliases }
  const rest = await ask({ ...question, name: target })
  if (rest.rcode !== rcode.noError && rest.rcode !== rcode.nameError) return rest
  return { ...rest, answers: [...aliases, ...rest.answers] }
}

function isTransfer({ type }: Question): boolean {
  return type === recordType.AXFR || type === recordType.IXFR
}

function udpLimit(edns: Edns | undefined): number {
  if (edns === undefined) return udpBytesPlain
  return Math.min(Math.max(edns.udpBytes, udpBytesPlain), udpBytesMax)
}

function encodeReply(
  { id, flags }: Header,
  query: Query | undefined,
  { rcode: code, authoritative, ...sections }: Answer,
  limit: number,
): Uint8Array {
  const echoed = flags & (0x7800 | flag.recursionDesired | flag.checkingDisabled)
  const own = flag.response | flag.recursionAvailable | (authoritative ? flag.authoritative : 0)
  return encodeMessage(
    {
      id,
      flags: echoed | own,
      rcode: code,
      question: query?.question,
      ...sections,
      edns: query?.edns && {
        version: 0,
        udpBytes: udpBytesMax,
        dnssecOk: query.edns.dnssecOk,
      },
    },
    limit,
  )
}

function failed(code: number): Answer {
  return { rcode: code, authoritative: false, answers: [], authorities: [], additionals: [] }
}
