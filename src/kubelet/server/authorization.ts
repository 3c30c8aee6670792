import { SubjectAccessReview } from '#api'
import { withTimeout, type Clock } from '#base'
import type { Client } from '#client'
import type { User } from './authentication.ts'
import { ExpiringCache } from './expiring-cache.ts'
import { limits } from './limits.ts'

/** What somebody wants to do with the kubelet of this node. */
export interface NodeAccess {
  readonly verb: string
  readonly subresource: string
}

/** Asks the API server what clients of the kubelet may do. */
export class Authorizer {
  readonly #client: Client
  readonly #clock: Clock
  readonly #nodeName: string
  readonly #decisions: ExpiringCache<boolean>

  constructor(client: Client, clock: Clock, nodeName: string) {
    this.#client = client
    this.#clock = clock
    this.#nodeName = nodeName
    this.#decisions = new ExpiringCache(clock, limits.decisionsMax)
  }

  /** Rejects where the API server cannot be asked. */
  allows(user: User, access: NodeAccess): Promise<boolean> {
    return this.#decisions.get(
      JSON.stringify([user, access]),
      () => this.#review(user, access),
      (allowed) => (allowed ? limits.allowedMs : limits.deniedMs),
    )
  }

  async #review(user: User, { verb, subresource }: NodeAccess): Promise<boolean> {
    const { name, uid, groups, extra } = user
    const resource = { verb, version: 'v1', resource: 'nodes', subresource, name: this.#nodeName }
    const asked = this.#client.resource(SubjectAccessReview).create({
      metadata: {},
      spec: { user: name, uid, groups, extra, resourceAttributes: resource },
    })
    const what = 'a SubjectAccessReview'
    const { status } = await withTimeout(this.#clock, asked, limits.reviewMs, what)
    return status.allowed
  }
}
