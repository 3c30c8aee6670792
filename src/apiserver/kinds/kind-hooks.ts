import type { Compare, Op } from '#store'
import type { KubeObject, ObjectDraft, Resource, StrategyContext } from '#machinery'
import type { Call } from '../registry/call.ts'
import type { Answer } from '../request.ts'
import type { SubresourceCall } from './subresource.ts'

/**
 * What a kind answers with effects beyond its own object: the only code of the API server that
 * knows kinds. A file per kind exports one of these; `kinds/index.ts` lists them.
 */
export interface KindHooks {
  readonly resource: Resource
  /**
   * More writes for the transaction that stores the object (addresses of a Service), decided anew
   * for each attempt, after the strategy's preparation and before the object is validated and
   * encoded. It may change the draft at its top level; deeper parts are shared between attempts and
   * are to be replaced. Nothing is written before the transaction, so nothing needs undoing.
   */
  alongside?(write: AlongsideWrite): Alongside | Promise<Alongside>
  /** Whole subresources that are not the object itself: binding, eviction, token, and the reviews. */
  readonly subresources?: Readonly<Record<string, (call: SubresourceCall) => Promise<Answer>>>
  /** For virtual kinds: answers a create instead of storing (reviews). */
  create?(call: SubresourceCall): Promise<Answer>
  /** For virtual kinds: answers get and list from elsewhere than the store (component statuses). */
  get?(call: Call): Answer
  list?(call: Call): Answer
  /** Seconds after which a stored object vanishes (Events). */
  ttlSeconds?(object: KubeObject): number | undefined
}

export interface AlongsideWrite {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE'
  /** In the stored face, after strategy and admission. */
  readonly draft: ObjectDraft | undefined
  readonly old: KubeObject | undefined
  readonly dryRun: boolean
  readonly context: StrategyContext
}

export interface Alongside {
  readonly compare: readonly Compare[]
  readonly ops: readonly Op[]
}
