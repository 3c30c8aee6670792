import { flag } from '../wire/codes.ts'
import type { Message, Question } from '../wire/message.ts'
import { nameKey } from '../wire/name.ts'

export interface Resolver {
  readonly address: string
  readonly port: number
}

export interface Asked {
  readonly question: Question
  readonly dnssecOk: boolean
  readonly checkingDisabled: boolean
  /** Without EDNS, which not every resolver knows. */
  readonly plain?: boolean
}

/**
 * One question to one resolver. Resolves with the message that answers it, whatever that says;
 * others that arrive meanwhile are passed over. Rejects with a DnsError, Unreachable, or with the
 * signal's reason; nothing is left open then.
 */
export interface Exchange {
  (resolver: Resolver, asked: Asked, over: 'udp' | 'tcp', signal: AbortSignal): Promise<Message>
}

/** Whether a message is the reply to the question that was sent with this id. */
export function isReply(message: Message, id: number, question: Question): boolean {
  const echoed = message.question
  if (message.id !== id || (message.flags & flag.response) === 0) return false
  // Who cannot read a question may leave it out.
  if (echoed === undefined) return message.rcode !== 0 && message.answers.length === 0
  return (
    echoed.type === question.type &&
    echoed.class === question.class &&
    nameKey(echoed.name) === nameKey(question.name)
  )
}
