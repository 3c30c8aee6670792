import { once } from 'node:events'
import { createReadStream, existsSync, watch } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Clock } from '#base'
import { ClusterError } from '#cluster'
import { stopSignal } from './stop-signal.ts'

interface LogOptions {
  /** 0: all lines. */
  readonly tail: number
  readonly follow: boolean
}

/** Between a change that was seen and the look at what it was. */
const settleMs = 50

/** Writes a file of lines to standard output; resolves with the exit code. */
export async function showLog(
  file: string,
  { tail, follow }: LogOptions,
  clock: Clock,
): Promise<number> {
  if (!existsSync(file)) throw new ClusterError(`nothing has been logged yet: ${file}`)
  if (!follow) {
    await show(file, 0, tail)
    return 0
  }
  const changes = watch(file)
  const stopped = stopSignal()
  for (let at = 0, last = tail; ; last = 0) {
    // Awaited from before the look on, so that nothing is missed that comes meanwhile.
    const change = once(changes, 'change')
    at = await show(file, at, last)
    if ((await Promise.race([change, stopped])) === 0) break
    await clock.sleep(settleMs)
  }
  changes.close()
  return 0
}

/** From a byte on; the position behind the last one shown. */
async function show(file: string, start: number, tail: number): Promise<number> {
  const stream = createReadStream(file, { start })
  if (tail === 0) {
    for await (const chunk of stream) await written(chunk)
    return start + stream.bytesRead
  }
  const last: string[] = []
  for await (const line of createInterface({ input: stream })) {
    last.push(line)
    if (last.length > tail) last.shift()
  }
  await written(last.map((line) => `${line}\n`).join(''))
  return start + stream.bytesRead
}

async function written(text: string | Uint8Array): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain')
}
