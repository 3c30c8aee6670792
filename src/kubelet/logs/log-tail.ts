import { chunkBytes, chunksOf, type LogFile } from './log-files.ts'
import { endsLine, headBytesMax } from './log-line.ts'
import { LineSplitter } from './line-splitter.ts'
import { lineBytesMax } from './limits.ts'

/** Where in a log's files to begin. */
export interface LogStart {
  /** Which of the files. */
  readonly index: number
  readonly byte: number
  /** Lines of the container's to leave out from there on: in compressed files bytes are not known. */
  readonly skippedLines: number
}

/**
 * Where the last lines of a log begin, in lines of the container's. Plain files are read backwards
 * from their ends, no further than needed.
 */
export async function tailStart(files: readonly LogFile[], lines: number): Promise<LogStart> {
  let left = lines
  for (let index = files.length - 1; index >= 0; index--) {
    const file = files[index]
    if (file === undefined) break
    if (file.compressed) {
      const count = await countLines(file)
      if (count >= left) return { index, byte: 0, skippedLines: count - left }
      left -= count
    } else {
      const { byte, count } = await lastLines(file, left)
      if (count >= left) return { index, byte, skippedLines: 0 }
      left -= count
    }
  }
  return { index: 0, byte: 0, skippedLines: 0 }
}

/** Where the last lines of a plain file begin, and how many there are, at most as many as asked. */
async function lastLines(
  { handle }: LogFile,
  lines: number,
): Promise<{ readonly byte: number; readonly count: number }> {
  const { size } = await handle.stat()
  if (lines === 0) return { byte: size, count: 0 }
  let count = 0
  let byte = size
  for await (const { start, head } of linesBackwards(handle, size)) {
    // A line that ends one of the container's is the last of its own; what follows is another's.
    if (byte === size || endsLine(head)) {
      if (count === lines) return { byte, count }
      count++
    }
    byte = start
  }
  return { byte, count }
}

/** The lines of a file from the last to the first: where each starts, and its first bytes. */
async function* linesBackwards(
  handle: LogFile['handle'],
  size: number,
): AsyncGenerator<{ readonly start: number; readonly head: Buffer }, void> {
  for (let end = size; end > 0;) {
    const from = Math.max(0, end - chunkBytes)
    // The head of the last line in this chunk may stand in the next one.
    const length = Math.min(end + headBytesMax, size) - from
    const { buffer, bytesRead } = await handle.read({
      buffer: Buffer.allocUnsafeSlow(length),
      position: from,
    })
    const bytes = buffer.subarray(0, bytesRead)
    const lineAt = (at: number) => ({
      start: from + at,
      head: firstLine(bytes.subarray(at, at + headBytesMax)),
    })
    for (let at = end - from; at > 0;) {
      const newline = bytes.lastIndexOf(0x0a, at - 1)
      if (newline === -1) break
      // After the last line's end there is no line.
      if (from + newline + 1 < size) yield lineAt(newline + 1)
      at = newline
    }
    if (from === 0) yield lineAt(0)
    end = from
  }
}

function firstLine(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0x0a)
  return end === -1 ? bytes : bytes.subarray(0, end)
}

async function countLines(file: LogFile): Promise<number> {
  const splitter = new LineSplitter(lineBytesMax)
  let count = 0
  let inside = false
  for await (const chunk of chunksOf(file, 0)) {
    for (const line of splitter.push(chunk)) {
      if (!inside) count++
      inside = !endsLine(line.subarray(0, headBytesMax))
    }
  }
  return count
}
