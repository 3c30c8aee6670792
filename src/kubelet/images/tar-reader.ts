import { KubeletError } from '../error.ts'

export interface TarMember {
  /** Without a leading `./`; a directory ends with a slash. */
  readonly name: string
  readonly sizeBytes: number
  /** Where it was wanted. */
  readonly content: Buffer | undefined
}

const blockBytes = 512
/** Of what only describes a member: long names and the like. */
const descriptionBytesMax = 1024 * 1024

/**
 * The members of a tar archive (ustar, GNU, pax) as it comes by; contents that nobody wants are not
 * kept. Throws a KubeletError, InvalidImage, for what is no such archive, or ends too early.
 */
export async function* readTar(
  source: AsyncIterable<Uint8Array>,
  wanted: (name: string, sizeBytes: number) => boolean,
): AsyncGenerator<TarMember> {
  await using input = new Input(source)
  let described: { readonly name?: string; readonly sizeBytes?: number } = {}
  for (let first = true; ; first = false) {
    const header = await input.takeOrEnd(blockBytes)
    if (header === undefined && !first) return
    if (header?.every((byte) => byte === 0) === true && !first) return
    if (header === undefined || !hasRightSum(header)) throw invalid('it is no tar archive')
    const type = String.fromCharCode(header[156] ?? 0)
    const sizeBytes = described.sizeBytes ?? numberIn(header.subarray(124, 136))
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) throw invalid('a member has no size')
    const padding = (blockBytes - (sizeBytes % blockBytes)) % blockBytes
    if (descriptions.has(type)) {
      if (sizeBytes > descriptionBytesMax) throw invalid('the name of a member is too long')
      const content = await input.take(sizeBytes)
      await input.skip(padding)
      if (type === 'L') described = { ...described, name: textIn(content) }
      if (type === 'x') described = { ...described, ...pax(content) }
      continue
    }
    const name = (described.name ?? nameIn(header)).replace(/^(\.\/)+/, '')
    described = {}
    // Links and devices have no content, whatever the header says of their size.
    const isFile = type === '0' || type === '\0' || type === '7'
    const length = isFile ? sizeBytes : 0
    const keeps = isFile && wanted(name, length)
    const content = keeps ? await input.take(length) : undefined
    if (!keeps) await input.skip(length)
    if (isFile) await input.skip(padding)
    yield { name, sizeBytes: length, content }
  }
}

/** GNU's long names and long links; pax's headers, of one member and of all. */
const descriptions = new Set(['L', 'K', 'x', 'g'])

export function invalid(why: string): KubeletError {
  return new KubeletError('InvalidImage', why)
}

function hasRightSum(header: Buffer): boolean {
  const sum = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0)
  return sum === numberIn(header.subarray(148, 156))
}

/** Octal text, or GNU's big-endian number behind a set bit. */
function numberIn(field: Buffer): number {
  if (((field[0] ?? 0) & 0x80) !== 0)
    return Number(BigInt(`0x${field.subarray(1).toString('hex')}`))
  const digits = field
    .toString('latin1')
    .replace(/[\0 ]+$/, '')
    .trim()
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : digits === '' ? 0 : Number.NaN
}

function nameIn(header: Buffer): string {
  const prefix =
    header.toString('latin1', 257, 262) === 'ustar' ? textIn(header.subarray(345, 500)) : ''
  const name = textIn(header.subarray(0, 100))
  return prefix === '' ? name : `${prefix}/${name}`
}

function textIn(field: Buffer): string {
  const end = field.indexOf(0)
  return field.toString('utf8', 0, end === -1 ? field.length : end)
}

/** Lines of `<length> <key>=<value>`, whose lengths count themselves. */
function pax(content: Buffer): { name?: string; sizeBytes?: number } {
  const found: { name?: string; sizeBytes?: number } = {}
  for (let at = 0; at < content.length;) {
    const blank = content.indexOf(0x20, at)
    const length = Number(content.toString('latin1', at, Math.max(at, blank)))
    if (!Number.isSafeInteger(length) || length <= 0) throw invalid('a pax header is malformed')
    const line = content.toString('utf8', blank + 1, at + length - 1)
    if (line.startsWith('path=')) found.name = line.slice('path='.length)
    if (line.startsWith('size=')) found.sizeBytes = Number(line.slice('size='.length))
    at += length
  }
  return found
}

/** Takes bytes in the portions it is asked for. */
class Input implements AsyncDisposable {
  readonly #chunks: AsyncIterator<Uint8Array>
  #chunk: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#chunks = source[Symbol.asyncIterator]()
  }

  async take(count: number): Promise<Buffer> {
    const parts: Buffer[] = []
    for (let missing = count; missing > 0;) {
      if (!(await this.#fill())) throw invalid('it ends too early')
      const part = this.#chunk.subarray(0, missing)
      this.#chunk = this.#chunk.subarray(part.length)
      parts.push(part)
      missing -= part.length
    }
    return Buffer.concat(parts)
  }

  async takeOrEnd(count: number): Promise<Buffer | undefined> {
    return (await this.#fill()) ? this.take(count) : undefined
  }

  async skip(count: number): Promise<void> {
    for (let missing = count; missing > 0;) {
      if (!(await this.#fill())) throw invalid('it ends too early')
      const skipped = Math.min(missing, this.#chunk.length)
      this.#chunk = this.#chunk.subarray(skipped)
      missing -= skipped
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#chunks.return?.()
  }

  /** Whether there is a byte to take. */
  async #fill(): Promise<boolean> {
    while (this.#chunk.length === 0) {
      const next = await this.#chunks.next()
      if (next.done === true) return false
      this.#chunk = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength)
    }
    return true
  }
}
