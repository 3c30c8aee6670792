import type { ClusterObjects } from '../cluster-objects.ts'
import type { NodeTable } from '../node-table/node-table.ts'
import type { PodInfo } from '../pod-info.ts'
import type { QueueingHint } from './cluster-event.ts'
import type { Diagnosis } from './diagnosis.ts'
import type { Status } from './status.ts'

/**
 * The extension points of the scheduling framework (KEP-624), in the order in which a pod meets
 * them. A plugin takes part where it has the method. Where Kubernetes passes state from one point
 * to the next through a CycleState, here the earlier point hands back the later one as a function:
 * `preFilter` returns the filter, `preScore` the score.
 *
 * All but `preBind`, `bind` and `postBind` are synchronous and have no effects outside the
 * plugin. Saying yes is saying nothing.
 */
export interface Plugin {
  readonly name: string
  /** What may change this plugin's mind about a pod it has rejected. None: only time. */
  readonly events?: readonly QueueingHint[]
  /** Before a pod may be tried at all. A rejected pod waits outside the queue until it changes. */
  preEnqueue?(pod: PodInfo): Status | undefined
  /** Of two pods that may be tried, whether `a` comes first. One plugin of a profile has it. */
  less?(a: Waiting, b: Waiting): boolean
  /**
   * Once per shape of pods. What it returns may depend on the pod's shape alone, and on the table
   * only through what it reads while filtering: it is kept and used again for pods of that shape
   * until the table's layout changes.
   */
  preFilter?(pod: PodInfo): PreFilterResult
  /** No node passes the filters: make room, or say why not. */
  postFilter?(pod: PodInfo, diagnosis: Diagnosis): PostFilterResult
  /** Like `preFilter`. Undefined: this pod is not scored by this plugin. */
  preScore?(pod: PodInfo): Scorer | undefined
  /** The pod gets this node. Undone by `unreserve`, also where a later plugin says no. */
  reserve?(pod: PodInfo, nodeName: string): Status | undefined
  /** Must be harmless where `reserve` was not called. */
  unreserve?(pod: PodInfo, nodeName: string): void
  /** The last word before binding. */
  permit?(pod: PodInfo, nodeName: string): Status | undefined
  /** What must be done before the pod may start there. */
  preBind?(pod: PodInfo, nodeName: string): Promise<Status | undefined>
  /** Tells the API. `'skip'`: the next plugin does it. */
  bind?(pod: PodInfo, nodeName: string): Promise<Status | 'skip' | undefined>
  /** It is done. */
  postBind?(pod: PodInfo, nodeName: string): void
}

/** What the queue knows of a pod in it, for sorting. */
export interface Waiting {
  readonly pod: PodInfo
  /** Since when it waits, this time. */
  readonly sinceMs: number
  /** Grows with each pod that comes into the queue. */
  readonly sequence: number
}

export type PreFilterResult =
  /** Every node passes. */
  | undefined
  /** No node will do. */
  | Status
  | RowFilter

export interface RowFilter {
  /**
   * What the answer depends on besides the pod's shape: the `node` object alone, and then answers
   * are kept until the node changes; or the `pods` there too. Those of the first sort come before
   * those of the second in a profile, and hand out few different Status objects.
   */
  readonly dependsOn: 'node' | 'pods'
  /** If given, no other nodes can pass. They need not exist. */
  readonly nodeNames?: ReadonlySet<string>
  filter(row: number): Status | undefined
  /** As the table stands, every row passes. Asked before rows are, and whenever pods have changed. */
  isIdle?(): boolean
}

export interface PostFilterResult {
  /** For the message about the pod; empty: nothing. */
  readonly message: string
  /** The node where room is being made; empty: none, and an earlier one counts no more. */
  readonly nominatedNodeName?: string
  /** Pods there that are to be evicted for it. */
  readonly victims?: readonly PodInfo[]
}

/** Score and NormalizeScore in one: it has all candidates before it. */
export interface Scorer {
  /** Writes integers from 0 to 100 for the first `count` rows, which have all passed. */
  score(rows: Int32Array, count: number, scores: Float64Array): void
  /** As the table stands, all rows would get 0. */
  isIdle?(): boolean
}

/** What plugins are made with. */
export interface Handle {
  readonly table: NodeTable
  readonly objects: ClusterObjects
  /** Why a node does not do for a pod, as the table stands: all filters, and pods nominated to it. */
  filter(pod: PodInfo, row: number): Status | undefined
  /** Where room is being made for the pod; empty: nowhere. */
  nominatedNode(pod: PodInfo): string
  /** The API server is being told to. */
  isBeingEvicted(pod: PodInfo): boolean
  /** Posts a Binding. Rejects with what the API server or the way to it says. */
  bind(pod: PodInfo, nodeName: string): Promise<void>
}

export type PluginFactory = (handle: Handle, args: unknown) => Plugin
