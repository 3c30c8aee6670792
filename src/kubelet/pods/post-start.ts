import type { Pod } from '#api'
import { referenceTo } from '#client'
import type { Target } from '../probes/prober.ts'
import type { PodHost } from './pod-host.ts'
import { fieldPath } from './pod-starter.ts'

const secondsMax = 300

/** Runs the hook of a container that has started. What it said where it failed; undefined otherwise. */
export async function runPostStart(
  { clock, events, prober }: PodHost,
  pod: Pod,
  target: Target,
  signal: AbortSignal,
): Promise<string | undefined> {
  const hook = target.container.lifecycle?.postStart
  if (hook === undefined) return undefined
  if (hook.sleep !== undefined) {
    await clock.sleep(hook.sleep.seconds * 1000, signal)
    return undefined
  }
  const { ok, answered, output } = await prober.probe(hook, target, secondsMax)
  // A hook tells; what it is answered is nothing to it.
  if (ok || answered === true) return undefined
  // What the hook said may be secret, and more people read events than pods.
  events.record(referenceTo(pod, fieldPath(pod, target.container)), {
    type: 'Warning',
    reason: 'FailedPostStartHook',
    message: 'PostStartHook failed',
  })
  return output
}
