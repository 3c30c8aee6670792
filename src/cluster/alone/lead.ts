import type { HealthCheck } from '#apiserver'

/** Which Lease decides between several of a component, and when; upstream's --leader-elect flags. */
export interface Election {
  readonly lease: { readonly namespace: string; readonly name: string }
  /** Whole seconds; above `renewDeadlineMs`, which is above 1.2 times `retryPeriodMs`. */
  readonly leaseDurationMs: number
  readonly renewDeadlineMs: number
  readonly retryPeriodMs: number
}

/** Whether a candidate leads, as health and metrics tell it. */
export class Lead {
  readonly election: Election
  #leading: AbortSignal | undefined

  constructor(election: Election) {
    this.election = election
  }

  async during(leading: AbortSignal, work: () => Promise<void>): Promise<void> {
    this.#leading = leading
    try {
      await work()
    } finally {
      this.#leading = undefined
    }
  }

  /** Fails when work goes on although the lead has ended: somebody has to end the process. */
  readonly check: HealthCheck = {
    name: 'leaderElection',
    of: ['healthz', 'livez', 'readyz'],
    check: () =>
      this.#leading?.aborted === true
        ? `failed election to renew leadership on lease ${this.election.lease.name}`
        : undefined,
  }

  metrics(): string {
    const metric = 'leader_election_master_status'
    const leads = this.#leading?.aborted === false ? 1 : 0
    return [
      `# HELP ${metric} 1 where this process leads, else 0.`,
      `# TYPE ${metric} gauge`,
      `${metric}{name="${this.election.lease.name}"} ${leads}`,
      '',
    ].join('\n')
  }
}
