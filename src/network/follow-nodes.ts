import { Node } from '#api'
import { asError, type Clock, type Log } from '#base'
import { WorkQueue, type Informers } from '#client'

export interface FollowNodesOptions {
  /** Shared; whoever made them starts them. */
  readonly informers: Informers
  readonly clock: Clock
  readonly log: Log
  /** Said when `sync` fails, which is then done again, later and later. */
  readonly warning: string
  /** Is given all nodes whenever some have changed; never before all are known, never twice at once. */
  readonly sync: (nodes: readonly Node[]) => Promise<void>
}

/** Does something about the cluster's nodes as they come, change and go. Disposal ends that. */
export function followNodes(options: FollowNodesOptions): AsyncDisposable {
  const { informers, clock, log, warning, sync } = options
  const nodes = informers.of(Node)
  const queue = new WorkQueue<'nodes'>({ clock })
  const work = async () => {
    for (let key; (key = await queue.next()) !== undefined;) {
      try {
        await sync(nodes.lister.list())
        queue.forget(key)
      } catch (error) {
        log.warn(warning, { error: asError(error).message })
        queue.addRateLimited(key)
      } finally {
        queue.done(key)
      }
    }
  }
  const changed = () => {
    if (nodes.synced) queue.add('nodes')
  }
  const endHandler = nodes.addHandler({ added: changed, updated: changed, deleted: changed })
  // Only a complete list says what is to go.
  nodes.whenSynced().then(changed, () => {})
  const working = work()
  return {
    async [Symbol.asyncDispose]() {
      endHandler()
      void queue.shutDown()
      await working
    },
  }
}
