import { formatTime, type Clock, type Random } from '#base'
import { Node, type Taint } from '#api'
import { retryOnConflict, type Client } from '#client'

export const notReadyKey = 'node.kubernetes.io/not-ready'
export const unreachableKey = 'node.kubernetes.io/unreachable'

/** A taint as a controller means it; the API adds since when. */
export interface TaintKind {
  readonly key: string
  readonly effect: Taint['effect']
}

export const notReadyNoExecute: TaintKind = { key: notReadyKey, effect: 'NoExecute' }
export const unreachableNoExecute: TaintKind = { key: unreachableKey, effect: 'NoExecute' }

export function isTaint(taint: TaintKind, kind: TaintKind): boolean {
  return taint.key === kind.key && taint.effect === kind.effect
}

export function hasTaint({ spec }: Node, kind: TaintKind): boolean {
  return (spec.taints ?? []).some((taint) => isTaint(taint, kind))
}

export interface TaintChange {
  readonly add: readonly TaintKind[]
  readonly remove: readonly TaintKind[]
}

/** The taints after the change; undefined where it changes nothing. */
export function changedTaints(
  taints: readonly Taint[],
  { add, remove }: TaintChange,
  nowMs: number,
): readonly Taint[] | undefined {
  const missing = add.filter((kind) => !taints.some((taint) => isTaint(taint, kind)))
  const kept = taints.filter((taint) => !remove.some((kind) => isTaint(taint, kind)))
  if (missing.length === 0 && kept.length === taints.length) return undefined
  const timeAdded = formatTime(nowMs)
  return [...kept, ...missing.map((kind) => ({ ...kind, timeAdded }))]
}

/** Writes the change unless it is there. Reads the node anew where it is not as it was known. */
export async function changeTaints(
  services: { readonly client: Client; readonly clock: Clock; readonly random: Random },
  node: Node,
  change: TaintChange,
): Promise<void> {
  const nodes = services.client.resource(Node)
  const { name = '' } = node.metadata
  let known: Node | undefined = node
  await retryOnConflict(services, async () => {
    const present = known ?? (await nodes.get(name))
    known = undefined
    const taints = changedTaints(present.spec.taints ?? [], change, services.clock.now())
    if (taints === undefined) return
    const { resourceVersion } = present.metadata
    const patch = { metadata: { resourceVersion }, spec: { taints } }
    await nodes.patch(name, { type: 'merge', patch })
  })
}
