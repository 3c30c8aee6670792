import { unbounded, type KeyRange } from './key-range.ts'
import * as limits from './limits.ts'
import { StoreError, type RangeRequest, type TxnRequest } from './store.ts'

/** Fails with `Invalid` where the transaction cannot be kept by every implementation. */
export function checkTxn(request: TxnRequest): void {
  const { compare, ops } = request
  if (ops.length > limits.opsPerTxnMax || compare.length > limits.opsPerTxnMax) {
    throw invalid(`too many operations in a transaction, ${limits.opsPerTxnMax} are allowed`)
  }
  let bytes = 0
  for (const { key } of compare) checkKey(key)
  for (const op of ops) {
    checkKey(op.key)
    bytes += op.key.length + (op.type === 'put' ? op.value.byteLength : 0)
  }
  // As etcd says it, because the API server's clients see this sentence.
  if (bytes > limits.txnBytesMax) throw invalid('etcdserver: request is too large')
  if (ops.length > 1 && new Set(ops.map((op) => op.key)).size < ops.length) {
    throw invalid('operations of one transaction must name different keys')
  }
}

export function checkRange(request: RangeRequest): void {
  checkKeyRange(request)
  const { limit, revision } = request
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit >= 0)) {
    throw invalid(`the limit of a range is not a whole number: ${limit}`)
  }
  if (revision !== undefined && !(Number.isSafeInteger(revision) && revision > 0)) {
    throw invalid(`the revision of a range is not a positive whole number: ${revision}`)
  }
}

export function checkKeyRange(range: KeyRange): void {
  if (!range.start.isWellFormed() || !range.end.isWellFormed()) {
    throw invalid('the bounds of a range are not well-formed Unicode')
  }
  if (range.end !== unbounded && range.end.includes('\0')) {
    throw invalid('the end of a range holds a NUL')
  }
}

function checkKey(key: string): void {
  if (key.length === 0) throw invalid('a key is empty')
  if (key.length > limits.keyLengthMax) throw invalid(`a key is too long: ${key.slice(0, 80)}…`)
  if (!key.isWellFormed() || key.includes('\0')) {
    throw invalid('a key holds a NUL or is not well-formed Unicode')
  }
}

export function checkTtl(ttlSeconds: number): void {
  if (Number.isSafeInteger(ttlSeconds) && ttlSeconds > 0) return
  throw invalid(`the time of a lease is not a positive whole number of seconds: ${ttlSeconds}`)
}

/**
 * The value with an ArrayBuffer of its own. A view into Node's pool would keep all of the pool
 * alive for as long as the record stands, and one into shared memory could change under it.
 */
export function ownBytes(value: Uint8Array): Uint8Array {
  const isOwn = value.buffer instanceof ArrayBuffer && value.byteLength === value.buffer.byteLength
  return isOwn ? value : new Uint8Array(value)
}

function invalid(message: string): StoreError {
  return new StoreError('Invalid', message)
}
