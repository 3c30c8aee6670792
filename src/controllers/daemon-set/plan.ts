import type { DaemonSet, Node, Pod } from '#api'
import { scaledValue } from '#machinery'
import { isPodAvailable, isPodReady } from '../pods/pod-state.ts'
import { compareDaemonPods, isUpdated, withTolerations } from './daemon-pod.ts'
import { fitOf, type NodeFit } from './node-fit.ts'

/** A DaemonSet and what there is of it. */
export interface DaemonState {
  readonly set: DaemonSet
  /** Of the present template. */
  readonly hash: string
  readonly nodes: readonly Node[]
  /** Claimed pods by the node they are on or meant for. */
  readonly podsByNode: ReadonlyMap<string, readonly Pod[]>
  readonly nowMs: number
}

export interface Plan {
  /** Nodes that get a pod. */
  readonly create: readonly string[]
  readonly remove: readonly Pod[]
  /** Pods that ended though daemons do not; the caller says when they may be replaced. */
  readonly ended: readonly Pod[]
}

export function nodeFits({ set, nodes }: DaemonState): ReadonlyMap<string, NodeFit> {
  const spec = withTolerations(set.spec.template.spec)
  return new Map(nodes.map((node) => [node.metadata.name ?? '', fitOf(spec, node)]))
}

/** One pod on each node that fits, none elsewhere. */
export function placement(state: DaemonState, fits: ReadonlyMap<string, NodeFit>): Plan {
  const create: string[] = []
  const remove: Pod[] = []
  const ended: Pod[] = []
  for (const [name, { run, keep }] of fits) {
    const pods = state.podsByNode.get(name)
    if (run && pods === undefined) {
      create.push(name)
      continue
    }
    const staying = (pods ?? []).filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    if (!keep) {
      remove.push(...staying)
      continue
    }
    const running = staying.filter((pod) => !hasEnded(pod))
    ended.push(...staying.filter(hasEnded))
    remove.push(...surplus(state, running.sort(compareDaemonPods)))
  }
  for (const [name, pods] of state.podsByNode) {
    // Pods on a node that is gone are the pod garbage collector's, unless they never got there.
    if (fits.has(name)) continue
    remove.push(...pods.filter(({ spec }) => (spec.nodeName ?? '') === ''))
  }
  return { create, remove, ended }
}

/** While surging, an old pod may stay beside a new one until that is available. */
function surplus({ set, hash, nowMs }: DaemonState, running: readonly Pod[]): readonly Pod[] {
  if (running.length <= 1) return []
  if (!allowsSurge(set)) return running.slice(1)
  const fresh = running.find((pod) => isUpdated(pod, set, hash))
  const old = running.find((pod) => !isUpdated(pod, set, hash))
  const rest = running.filter((pod) => pod !== fresh && pod !== old)
  if (fresh === undefined || old === undefined) return rest
  const done = !isPodReady(old) || isPodAvailable(fresh, set.spec.minReadySeconds ?? 0, nowMs)
  return done ? [...rest, old] : rest
}

/** The next pods of old templates to replace, as many as may be missing or double. */
export function rollingStep(state: DaemonState, fits: ReadonlyMap<string, NodeFit>): Plan {
  const { maxSurge, maxUnavailable } = updateLimits(state.set, fits)
  return maxSurge === 0 ? replaceInPlace(state, maxUnavailable) : surge(state, maxSurge)
}

function replaceInPlace(state: DaemonState, maxUnavailable: number): Plan {
  let unavailable = 0
  const broken: Pod[] = []
  const candidates: Pod[] = []
  for (const pods of state.podsByNode.values()) {
    const { fresh, old, clear } = byTemplate(state, pods)
    if (!clear || (fresh === undefined) === (old === undefined)) unavailable++
    else if (fresh !== undefined) unavailable += isAvailable(state, fresh) ? 0 : 1
    else if (old !== undefined) {
      if (isAvailable(state, old)) candidates.push(old)
      else {
        broken.push(old)
        unavailable++
      }
    }
  }
  const more = Math.max(0, maxUnavailable - unavailable)
  return { create: [], remove: [...broken, ...candidates.slice(0, more)], ended: [] }
}

function surge(state: DaemonState, maxSurge: number): Plan {
  let surging = 0
  const broken: string[] = []
  const candidates: string[] = []
  const remove: Pod[] = []
  for (const [node, pods] of state.podsByNode) {
    const { fresh, old, clear } = byTemplate(state, pods)
    if (!clear) surging++
    else if (old === undefined) continue
    else if (fresh === undefined) (isAvailable(state, old) ? candidates : broken).push(node)
    else if (isAvailable(state, fresh)) remove.push(old)
    else surging++
  }
  const more = Math.max(0, maxSurge - surging)
  return { create: [...broken, ...candidates.slice(0, more)], remove, ended: [] }
}

/** The pod of the present template and the one of another; unclear where there are several. */
function byTemplate(
  { set, hash }: DaemonState,
  pods: readonly Pod[],
): { readonly fresh: Pod | undefined; readonly old: Pod | undefined; readonly clear: boolean } {
  const staying = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  const fresh = staying.filter((pod) => isUpdated(pod, set, hash))
  const old = staying.filter((pod) => !isUpdated(pod, set, hash))
  return { fresh: fresh[0], old: old[0], clear: fresh.length <= 1 && old.length <= 1 }
}

function isAvailable({ set, nowMs }: DaemonState, pod: Pod): boolean {
  return isPodAvailable(pod, set.spec.minReadySeconds ?? 0, nowMs)
}

function hasEnded({ status }: Pod): boolean {
  return status.phase === 'Failed' || status.phase === 'Succeeded'
}

function allowsSurge({ spec }: DaemonSet): boolean {
  const { type, rollingUpdate } = spec.updateStrategy
  return type !== 'OnDelete' && scaledValue(rollingUpdate?.maxSurge ?? 0, 100, true) > 0
}

function updateLimits(
  { spec }: DaemonSet,
  fits: ReadonlyMap<string, NodeFit>,
): { maxSurge: number; maxUnavailable: number } {
  const wanted = [...fits.values()].filter(({ run }) => run).length
  const limits = spec.updateStrategy.rollingUpdate
  const maxSurge = scaledValue(limits?.maxSurge ?? 0, wanted, true)
  const maxUnavailable = scaledValue(limits?.maxUnavailable ?? 0, wanted, true)
  // With neither, nothing would ever be replaced.
  return maxSurge === 0 && maxUnavailable === 0
    ? { maxSurge, maxUnavailable: 1 }
    : { maxSurge, maxUnavailable }
}
