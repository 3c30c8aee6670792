import { recordType } from '../wire/codes.ts'
import { encodeMessage } from '../wire/encode.ts'
import type { Edns, Message } from '../wire/message.ts'
import { nameOf } from '../wire/name.ts'

export function message(overrides: Partial<Message> = {}): Message {
  return {
    id: 7,
    flags: 0x0100,
    rcode: 0,
    question: undefined,
    answers: [],
    authorities: [],
    additionals: [],
    edns: undefined,
    ...overrides,
  }
}

/** A query as clients send it. */
export function queryBytes(name: string, type: keyof typeof recordType, edns?: Edns): Uint8Array {
  const question = { name: nameOf(name), type: recordType[type], class: 1 }
  return encodeMessage(message({ question, edns }), 4096)
}
