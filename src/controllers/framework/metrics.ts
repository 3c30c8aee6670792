import type { WorkQueueMetrics } from '#client'

/** The metrics of controllers and their queues, under upstream's names. */
export class ControllerMetrics {
  readonly #queues = new Map<string, QueueCounts>()
  readonly #reconciles = new Map<string, { success: number; error: number }>()

  ofQueue(name: string): WorkQueueMetrics {
    const counts: QueueCounts = { depth: 0, adds: 0, retries: 0, waitedMs: 0, workedMs: 0, done: 0 }
    this.#queues.set(name, counts)
    return {
      depth: (keys) => {
        counts.depth = keys
      },
      added: () => {
        counts.adds++
      },
      taken: (waitedMs) => {
        counts.waitedMs += waitedMs
      },
      done: (workedMs) => {
        counts.workedMs += workedMs
        counts.done++
      },
      retried: () => {
        counts.retries++
      },
    }
  }

  reconciled(name: string, result: 'success' | 'error'): void {
    const counts = this.#reconciles.get(name) ?? { success: 0, error: 0 }
    counts[result]++
    this.#reconciles.set(name, counts)
  }

  /** How often a controller has reconciled, with either result. */
  reconciles(name: string): { readonly success: number; readonly error: number } {
    return this.#reconciles.get(name) ?? { success: 0, error: 0 }
  }

  /** The exposition format of Prometheus. */
  text(): string {
    const lines: string[] = []
    const metric = (name: string, type: string, value: (counts: QueueCounts) => number) => {
      lines.push(`# TYPE ${name} ${type}`)
      for (const [queue, counts] of this.#queues) {
        lines.push(`${name}{name="${queue}"} ${value(counts)}`)
      }
    }
    metric('workqueue_depth', 'gauge', ({ depth }) => depth)
    metric('workqueue_adds_total', 'counter', ({ adds }) => adds)
    metric('workqueue_retries_total', 'counter', ({ retries }) => retries)
    metric('workqueue_queue_duration_seconds_sum', 'counter', ({ waitedMs }) => waitedMs / 1000)
    metric('workqueue_work_duration_seconds_sum', 'counter', ({ workedMs }) => workedMs / 1000)
    metric('workqueue_work_duration_seconds_count', 'counter', ({ done }) => done)
    return `${lines.join('\n')}\n`
  }
}

interface QueueCounts {
  depth: number
  adds: number
  retries: number
  waitedMs: number
  workedMs: number
  done: number
}
