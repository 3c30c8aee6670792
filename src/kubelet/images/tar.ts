import { assert } from '#base'

/** A member of an archive. Directories end with a slash. */
export interface TarEntry {
  readonly name: string
  readonly content?: Uint8Array
  /** Of a symbolic link. */
  readonly linkTo?: string
  readonly mode?: number
}

const blockBytes = 512

/**
 * A POSIX ustar archive, the same bytes for the same entries: no times, no owners but root. For
 * what we pack ourselves: names of up to 100 bytes.
 */
export function tar(entries: readonly TarEntry[]): Buffer {
  const parts: Buffer[] = []
  for (const entry of entries) {
    const content = Buffer.from(entry.content ?? new Uint8Array())
    parts.push(header(entry, content.length), content)
    const rest = content.length % blockBytes
    if (rest !== 0) parts.push(Buffer.alloc(blockBytes - rest))
  }
  parts.push(Buffer.alloc(2 * blockBytes))
  return Buffer.concat(parts)
}

function header({ name, linkTo, mode }: TarEntry, size: number): Buffer {
  const isDirectory = name.endsWith('/')
  const block = Buffer.alloc(blockBytes)
  const text = (value: string, at: number, bytes: number) => {
    assert(Buffer.byteLength(value) <= bytes, 'a field of a tar header holds its value')
    block.write(value, at)
  }
  const octal = (value: number, at: number, bytes: number) =>
    text(`${value.toString(8).padStart(bytes - 1, '0')}\0`, at, bytes)
  text(name, 0, 100)
  octal(mode ?? (isDirectory ? 0o755 : linkTo === undefined ? 0o644 : 0o777), 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  octal(size, 124, 12)
  octal(0, 136, 12)
  text(' '.repeat(8), 148, 8)
  text(isDirectory ? '5' : linkTo === undefined ? '0' : '2', 156, 1)
  text(linkTo ?? '', 157, 100)
  text('ustar\u000000', 257, 8)
  text('root', 265, 32)
  text('root', 297, 32)
  const sum = block.reduce((total, byte) => total + byte, 0)
  text(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 8)
  return block
}
