/**
 * One line of a container's log as CRI runtimes write it: time, stream, tags and what the container
 * wrote, separated by blanks. A long line of the container's is cut into several of these.
 */
export interface LogLine {
  /** RFC 3339 with up to nine digits behind the second. */
  readonly time: string
  readonly stream: 'stderr' | 'stdout'
  /** More of the same line of the container's follows. */
  readonly partial: boolean
  /** The container's bytes, without the end of the line. */
  readonly content: Buffer
}

/** The longest time and stream with their blanks, and some tags. */
export const headBytesMax = 80

const blank = 0x20

/** Reads a line without its end. Undefined where it is none of a runtime's. */
export function parseLogLine(line: Buffer): LogLine | undefined {
  const timeEnd = line.indexOf(blank)
  if (timeEnd <= 0 || timeEnd >= headBytesMax) return undefined
  const streamEnd = line.indexOf(blank, timeEnd + 1)
  if (streamEnd === -1) return undefined
  const stream = line.toString('latin1', timeEnd + 1, streamEnd)
  if (stream !== 'stdout' && stream !== 'stderr') return undefined
  // Without content there may be no third blank.
  const found = line.indexOf(blank, streamEnd + 1)
  const tagsEnd = found === -1 ? line.length : found
  const [tag = ''] = line.toString('latin1', streamEnd + 1, tagsEnd).split(':', 1)
  if (tag !== 'F' && tag !== 'P') return undefined
  return {
    time: line.toString('latin1', 0, timeEnd),
    stream,
    partial: tag === 'P',
    content: line.subarray(Math.min(tagsEnd + 1, line.length)),
  }
}

/** Whether the beginning of a line says that it ends a line of the container's. */
export function endsLine(head: Buffer): boolean {
  return parseLogLine(head)?.partial === false
}

/** With all nine digits behind the second, as upstream prints times. */
export function fixedTime(time: string): string {
  const parts = /^(.{19})(?:\.(\d+))?(Z|[+-]\d{2}:\d{2})$/.exec(time)
  if (parts === null) return time
  const [, second = '', fraction = '', zone = ''] = parts
  return `${second}.${fraction.slice(0, 9).padEnd(9, '0')}${zone}`
}
