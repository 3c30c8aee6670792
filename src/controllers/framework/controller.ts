import type { Clock, Log, Random } from '#base'
import type {
  Client,
  EventRecorder,
  Informer,
  InformerHandler,
  InformerOptions,
  Lister,
} from '#client'
import type { ObjectOf, Resource, StructSchema } from '#machinery'

/**
 * A controller: what it watches, how changes become keys, and what to do about one key. Everything
 * else (queue, retries with back-off, workers, metrics, shutdown) is the framework's.
 *
 * ```ts
 * export const podGarbageCollector = controller({
 *   name: 'pod-garbage-collector-controller',
 *   account: 'pod-garbage-collector',
 *   setup(context) {
 *     const pods = context.watch(Pod, (pod) => [objectKey(pod)])
 *     return async (key) => { … }
 *   },
 * })
 * ```
 */
export interface Controller {
  /** Upstream's, as `--controllers` names it: deployment-controller. */
  readonly name: string
  /**
   * The service account in kube-system it acts as (upstream's, which the default roles bind);
   * undefined: the controller manager itself, for what must work before accounts do.
   */
  readonly account: string | undefined
  /** The source its events name, where upstream's is not the controller's name. */
  readonly component?: string
  /** Keys that are reconciled at once; different keys are independent. Default 5. */
  readonly workers?: number
  /** Declares what is watched, before anything runs; returns what reconciles one key. */
  setup(context: ControllerContext): Reconcile
}

/**
 * Brings the world of one key closer to what is wanted (level-based: it looks at the state, not at
 * the change that led here). Never runs twice at once for a key. Rejecting means: again, later each
 * time. A conflict with another writer is such a rejection and no defect.
 */
export type Reconcile = (key: string, signal: AbortSignal) => Promise<Outcome | void>

export interface Outcome {
  /** Come back to the key after this time, whatever happens before. */
  readonly againAfterMs?: number | undefined
}

/** What a controller is given. All informers it asks for are synced before the first reconcile. */
export interface ControllerContext {
  /** Acts under the controller's own identity. */
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly events: EventRecorder
  /**
   * Queues the keys of every object that is added, changed (those of its old state, too) or
   * deleted. `relevant` leaves changes out that mean nothing here; it is asked for updates only.
   */
  watch<S extends StructSchema>(
    resource: Resource<S>,
    keys: (object: ObjectOf<Resource<S>>) => Iterable<string>,
    options?: WatchOptions<ObjectOf<Resource<S>>>,
  ): Informer<ObjectOf<Resource<S>>>
  /** Reads a kind without queuing anything. */
  lister<S extends StructSchema>(resource: Resource<S>): Lister<ObjectOf<Resource<S>>>
  readonly queue: Keys
}

export interface WatchOptions<T> extends InformerOptions {
  readonly relevant?: (object: T, old: T) => boolean
  /** Hears of every change before its keys are queued, also of those that are not relevant. */
  readonly observe?: InformerHandler<T>
}

/** The controller's queue as the controller sees it. */
export interface Keys {
  add(key: string): void
  addAfter(key: string, delayMs: number): void
}

/** Only a place for the types to meet. */
export function controller(definition: Controller): Controller {
  return definition
}
