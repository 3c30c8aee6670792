import { open, type FileHandle } from 'node:fs/promises'
import { annotations } from '../runtime/config.ts'
import type { ContainerStatus } from '../runtime/runtime.ts'

const messageBytesMax = 4096
const logBytesMax = 2048
const logLinesMax = 80

/**
 * What a container left to say when it ended: the end of its termination file, or of its log where
 * its policy says so.
 */
export async function terminationMessage(status: ContainerStatus, file: string): Promise<string> {
  const text = await tail(file, messageBytesMax)
  if (text !== '') return text
  const fallsBack =
    status.annotations[annotations.terminationMessagePolicy] === 'FallbackToLogsOnError'
  if (!fallsBack || status.exitCode === 0) return status.message
  const lines = (await tail(status.logPath, 2 * logBytesMax)).split('\n').slice(0, -1)
  return lines.slice(-logLinesMax).map(written).join('').slice(-logBytesMax)
}

/** What was written, of a line of CRI's log format: only a full one ends with the line. */
function written(line: string): string {
  const found = /^\S+ (?:stdout|stderr) ([FP])\S* (.*)$/s.exec(line)
  const text = found?.[2] ?? line
  return found?.[1] === 'P' ? text : `${text}\n`
}

async function tail(path: string, bytesMax: number): Promise<string> {
  let file: FileHandle | undefined
  try {
    file = await open(path, 'r')
    const { size } = await file.stat()
    const from = Math.max(0, size - bytesMax)
    const { bytesRead, buffer } = await file.read(Buffer.alloc(size - from), 0, size - from, from)
    return buffer.toString('utf8', 0, bytesRead)
  } catch {
    // No file, no message.
    return ''
  } finally {
    await file?.close()
  }
}
