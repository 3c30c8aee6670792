/** Bytes that are not protobuf, or not of the message they should be. */
export class ProtoError extends Error {
  override readonly name = 'ProtoError'
}

/** One field of a message as it stands on the wire. */
export interface ProtoField {
  readonly number: number
  /** 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes. */
  readonly wireType: number
  /** For varints; else 0. */
  readonly varint: bigint
  /** For everything else; a view of the input. */
  readonly bytes: Uint8Array
}

const none = new Uint8Array(0)

/** Reads a message field by field, in the order of the wire. Throws a ProtoError. */
export function* readProto(bytes: Uint8Array): Generator<ProtoField> {
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++]
      if (byte === undefined) throw new ProtoError('unexpected end of data')
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    throw new ProtoError('integer overflow')
  }
  const take = (length: number): Uint8Array => {
    if (length > bytes.length - at) throw new ProtoError('unexpected end of data')
    at += length
    return bytes.subarray(at - length, at)
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const number = Math.floor(tag / 8)
    const wireType = tag % 8
    if (number === 0) throw new ProtoError('illegal tag 0')
    if (wireType === 0) yield { number, wireType, varint: varint(), bytes: none }
    else if (wireType === 1) yield { number, wireType, varint: 0n, bytes: take(8) }
    else if (wireType === 5) yield { number, wireType, varint: 0n, bytes: take(4) }
    else if (wireType === 2) {
      const length = Number(varint())
      yield { number, wireType, varint: 0n, bytes: take(length) }
    } else throw new ProtoError(`illegal wire type ${wireType}`)
  }
}
