import type { BytePipe } from './byte-pipe.ts'
import { protocolError, StreamingError } from './error.ts'
import { limits } from './limits.ts'

/** In characters. */
export interface TerminalSize {
  readonly width: number
  readonly height: number
}

/** What the resize stream of a remote command brings, from v3 on. Throws StreamingError. */
export async function* terminalSizes(resize: BytePipe): AsyncGenerator<TerminalSize, void> {
  let text = ''
  for (;;) {
    const bytes = await resize.read()
    if (bytes === undefined) return
    text += Buffer.from(bytes).toString('latin1')
    for (;;) {
      // One flat object after the other, with nothing or white space between.
      const end = text.indexOf('}')
      if (end === -1) break
      yield parse(text.slice(0, end + 1))
      text = text.slice(end + 1)
    }
    if (text.length > limits.terminalSizeBytesMax) {
      throw new StreamingError('LimitExceeded', 'the size of a terminal is too long')
    }
  }
}

export function encodeTerminalSize(size: TerminalSize): Buffer {
  return Buffer.from(`${JSON.stringify({ Width: size.width, Height: size.height })}\n`)
}

function parse(text: string): TerminalSize {
  const value = asJson(text)
  const field = (name: string): number => {
    // As Go's decoder does it: names in any case, what is missing is 0.
    const found = Object.entries(value).find(([key]) => key.toLowerCase() === name)?.[1] ?? 0
    if (typeof found === 'number' && Number.isInteger(found) && found >= 0 && found <= 0xffff) {
      return found
    }
    throw protocolError('the size of a terminal is no size')
  }
  return { width: field('width'), height: field('height') }
}

function asJson(text: string): object {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value
  } catch (cause) {
    const message = 'the size of a terminal is no JSON'
    throw new StreamingError('ProtocolError', message, { cause })
  }
  throw protocolError('the size of a terminal is no object')
}
