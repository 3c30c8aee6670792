import type { Name } from './name.ts'

export interface Question {
  readonly name: Name
  readonly type: number
  readonly class: number
}

/**
 * What a record says, as its bytes and the names between them. Names stand apart because they are
 * compressed within a message, and so cannot be copied from one to another.
 */
export type RecordData = readonly (Uint8Array | Name)[]

export interface ResourceRecord {
  readonly name: Name
  readonly type: number
  readonly class: number
  /** In seconds. */
  readonly ttl: number
  readonly data: RecordData
}

/** RFC 6891. */
export interface Edns {
  readonly version: number
  /** The largest message its sender takes over UDP. */
  readonly udpBytes: number
  readonly dnssecOk: boolean
}

export interface Message {
  readonly id: number
  /** The header's second word without the response code: see `flag`. */
  readonly flags: number
  /** All twelve bits of it. */
  readonly rcode: number
  readonly question: Question | undefined
  readonly answers: readonly ResourceRecord[]
  readonly authorities: readonly ResourceRecord[]
  /** Without EDNS's. */
  readonly additionals: readonly ResourceRecord[]
  readonly edns: Edns | undefined
}
