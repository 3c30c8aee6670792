import { Pod, type PodStatus } from '#api'
import { asError, type Clock, type Log } from '#base'
import type { Client } from '#client'
import { equalJson, hasReason } from '#machinery'
import { uidOf } from './observed.ts'

export interface StatusWriterOptions {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
}

interface Entry {
  pod: Pod
  latest: PodStatus | undefined
  wanted: PodStatus | undefined
  /** What the server has, as far as this kubelet wrote it. */
  written: PodStatus | undefined
  writing: Promise<void> | undefined
}

const retryMs = { first: 200, max: 10_000 }

/**
 * Writes pods' statuses, one at a time for each pod, the newest one only. Nothing waits for it but
 * who asks to.
 */
export class StatusWriter {
  readonly #options: StatusWriterOptions
  readonly #entries = new Map<string, Entry>()
  readonly #stopping = new AbortController()

  constructor(options: StatusWriterOptions) {
    this.#options = options
  }

  set(pod: Pod, status: PodStatus): void {
    const uid = uidOf(pod)
    const entry = this.#entries.get(uid) ?? make(pod)
    this.#entries.set(uid, entry)
    entry.pod = pod
    entry.latest = status
    if (entry.written !== undefined && equalJson(entry.written, status)) {
      entry.wanted = undefined
      return
    }
    entry.wanted = status
    entry.writing ??= this.#write(entry).finally(() => {
      entry.writing = undefined
    })
  }

  /** What was set last; undefined before. */
  latest(podUid: string): PodStatus | undefined {
    return this.#entries.get(podUid)?.latest
  }

  /** Resolves when what was set is written, or cannot be. */
  async flush(podUid: string): Promise<void> {
    await this.#entries.get(podUid)?.writing
  }

  /** The pod is gone. */
  forget(podUid: string): void {
    const entry = this.#entries.get(podUid)
    if (entry !== undefined) entry.wanted = undefined
    this.#entries.delete(podUid)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    for (const { writing } of this.#entries.values()) await writing
  }

  async #write(entry: Entry): Promise<void> {
    const { client, clock, log } = this.#options
    const { name = '', namespace = '', uid = '' } = entry.pod.metadata
    const { signal } = this.#stopping
    let delayMs: number = retryMs.first
    // What comes in the same turn is one write.
    await Promise.resolve()
    while (entry.wanted !== undefined && !signal.aborted) {
      const status = entry.wanted
      entry.wanted = undefined
      try {
        await client
          .resource(Pod)
          .namespace(namespace)
          .subresource('status')
          .patch(
            name,
            { type: 'strategic', patch: { metadata: { uid }, status: toWrite(status, entry) } },
            { signal },
          )
        entry.written = status
        delayMs = retryMs.first
      } catch (error) {
        // Another pod has its name by now, or none has.
        if (hasReason(error, 'NotFound') || hasReason(error, 'Conflict') || signal.aborted) return
        log.debug('the status of a pod was not written', {
          pod: `${namespace}/${name}`,
          error: asError(error).message,
        })
        entry.wanted ??= status
        await clock.sleep(delayMs, signal).catch(() => {})
        delayMs = Math.min(delayMs * 2, retryMs.max)
      }
    }
  }
}

/** A merge keeps what is not named: what is no longer said of a condition is taken back by name. */
function toWrite(status: PodStatus, { pod, written }: Entry): object {
  const { conditions } = status
  if (conditions === undefined) return status
  const before = [...(pod.status.conditions ?? []), ...(written?.conditions ?? [])]
  const over = passing.filter(
    (type) =>
      before.some((each) => each.type === type) && !conditions.some((each) => each.type === type),
  )
  const said = conditions.map((each) => ({ reason: null, message: null, ...each }))
  const gone = over.map((type) => ({ type, $patch: 'delete' }))
  return { ...status, conditions: [...said, ...gone] }
}

/** Conditions of the kubelet's that are there only while they hold. */
const passing = ['PodResizePending', 'PodResizeInProgress']

function make(pod: Pod): Entry {
  return { pod, latest: undefined, wanted: undefined, written: undefined, writing: undefined }
}
