import { Event } from '#api'
import type { KindHooks } from './kind-hooks.ts'

/** Upstream's `--event-ttl`. */
const ttlSeconds = 3600

/** Events of both groups are one resource, and go by themselves. */
export const eventHooks: KindHooks = { resource: Event, ttlSeconds: () => ttlSeconds }
