import type { Registry } from 'prom-client'

/** The observers behind them never end, so that a process has one of each. */
let registry: Promise<Registry> | undefined

/**
 * Metrics of this process and its Node, in the exposition format of Prometheus. Garbage collection
 * and the event loop's delay are watched from the first call on.
 */
export async function processMetrics(): Promise<string> {
  registry ??= makeRegistry()
  return (await registry).metrics()
}

async function makeRegistry(): Promise<Registry> {
  const { collectDefaultMetrics, Registry: PromRegistry } = await import('prom-client')
  const made = new PromRegistry()
  collectDefaultMetrics({ register: made })
  return made
}
