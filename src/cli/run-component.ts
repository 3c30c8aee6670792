import { asError, type Log } from '#base'
import type { Component } from '#cluster'
import { services } from './environment.ts'
import { stopSignal } from './stop-signal.ts'

/** Longer than the bounds of all that an end waits for. */
const endMs = 10_000

/**
 * Runs a component until a signal ends it; resolves with the exit code. Rejects with what the
 * component ended of by itself, such as the loss of its lead.
 */
export async function runComponent(
  name: string,
  log: Log,
  start: () => Promise<Component>,
): Promise<number> {
  const stopped = stopSignal()
  const component = await start()
  const { url, ended } = component
  process.stdout.write(`k8ts: ${name} runs${url === undefined ? '' : `, health at ${url}`}\n`)
  try {
    return await Promise.race([stopped, ended.then(() => 0)])
  } finally {
    await end(component, log)
  }
}

async function end(component: Component, log: Log): Promise<void> {
  const timer = services.clock.timer(endMs, () => process.exit(1), { unref: true })
  try {
    await component[Symbol.asyncDispose]()
  } catch (error) {
    log.error('the end was not clean', { error: asError(error).message })
  }
  timer.cancel()
}
