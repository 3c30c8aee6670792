import type { Clock, Log, Random } from '#base'
import { EventBroadcaster, runAsLeader, type Client } from '#client'
import type { Component } from './processes.ts'

export interface ElectedOptions {
  /** Of the candidate. */
  readonly client: Client
  readonly services: { readonly clock: Clock; readonly random: Random; readonly log: Log }
  readonly lease: string
  readonly identity: string
  /** Fires when the program is told to end in good order. */
  readonly signal: AbortSignal
  /** Starts what the program is for, until it is disposed of. */
  lead(signal: AbortSignal): Promise<Component & AsyncDisposable>
}

/** One of several programs of which one works and the others wait to take over. */
export interface Elected {
  /** What it does; undefined while it waits, starts or ends. */
  readonly leading: Component | undefined
  /** Ends when it was told to, or when it no longer may lead: the program exits then. */
  readonly ended: Promise<void>
}

/** As `k8ts scheduler` and `k8ts controller-manager` do where there are several of them. */
export function startElected(options: ElectedOptions): Elected {
  const { client, services, identity, signal, lease: name } = options
  let leading: Component | undefined
  const events = new EventBroadcaster(client, services)
  const election = {
    ...services,
    lease: { namespace: leaseNamespace, name },
    identity,
    recorder: events.recorder({ component: name }),
  }
  const ended = runAsLeader(client, election, signal, async (until) => {
    const over = new Promise<void>((resolve) => {
      until.addEventListener('abort', () => resolve(), { once: true })
    })
    await using work = await options.lead(until)
    leading = work
    await over
    leading = undefined
  })
  return {
    get leading() {
      return leading
    },
    ended,
  }
}

export const leaseNamespace = 'kube-system'
