import type { Answering } from '#simulation'
import type { Report } from './call-checker.ts'
import { leaseNamespace } from './elected.ts'
import type { History } from './history.ts'
import { record } from './invariants.ts'

/** A candidate: which lease it is to hold before it acts, and what it calls itself there. */
export interface Candidate {
  readonly lease: string
  readonly identity: string
}

/**
 * Looks at what one of several candidates writes: by the lease on the disk it must be the one that
 * leads, from its first write until its last. Renewing the lease and telling of it by events are
 * what others may do as well.
 */
export function checkingLead(
  { lease, identity }: Candidate,
  inner: Answering,
  { history, report }: { readonly history: History; readonly report: Report },
): Answering {
  const key = `/registry/leases/${leaseNamespace}/${lease}`
  return {
    answer(request) {
      const { method, path } = request
      const acts = method !== 'GET' && !/\/(events|leases)(\/|$)/.test(path)
      if (acts) {
        const holder = record(history.at(key, Infinity)?.object.spec)['holderIdentity']
        const who = typeof holder === 'string' ? holder : 'nobody'
        if (who !== identity) report(`${identity}: ${method} ${path}, but ${who} leads`)
      }
      return inner.answer(request)
    },
  }
}
