import { asError, Backoff, type Clock, type Log, type Random } from '#base'
import type { Client } from '#client'
import { hasReason } from '#machinery'
import type { Addon } from './objects.ts'

export interface AddonServices {
  /** May write everything. */
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly signal: AbortSignal
}

const fieldManager = 'k8ts'
const optOut = 'rbac.authorization.kubernetes.io/autoupdate'
const retryMinMs = 500
const retryMaxMs = 60_000

/**
 * Makes what is missing, and brings what is there up to the form it has in this version; what
 * others have added to the objects stays. An object whose annotation
 * rbac.authorization.kubernetes.io/autoupdate is "false" is left alone. What fails is tried again
 * until it does not. Resolves when all is done or the signal fires; never rejects.
 */
export async function applyAddons(all: readonly Addon[], services: AddonServices): Promise<void> {
  const { clock, random, log, signal } = services
  const backoff = new Backoff(clock, random, { initialMs: retryMinMs, maxMs: retryMaxMs })
  let left = all
  while (left.length > 0 && !signal.aborted) {
    const failed: Addon[] = []
    for (const addon of left) {
      try {
        await apply(addon, services)
      } catch (error) {
        if (signal.aborted) return
        failed.push(addon)
        log.warn('an object of the cluster was not applied', {
          object: nameOf(addon),
          error: asError(error).message,
        })
      }
    }
    left = failed
    if (left.length > 0) await clock.sleep(backoff.next(), signal).catch(() => {})
  }
}

async function apply({ resource, object }: Addon, services: AddonServices): Promise<void> {
  const { client, signal } = services
  const { name, namespace } = object.metadata
  const all = client.resource(resource)
  const objects = namespace === undefined ? all : all.namespace(namespace)
  try {
    const found = await objects.get(name, { signal })
    if (found.metadata.annotations?.[optOut] === 'false') return
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error
  }
  await objects.patch(name, { type: 'apply', object }, { fieldManager, force: true, signal })
}

function nameOf({ object }: Addon): string {
  const { name, namespace } = object.metadata
  return `${object.kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`
}
