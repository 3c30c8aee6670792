import type { Node } from '#api'
import type { EventRecorder, EventReference } from '#client'

export function nodeReference({ metadata }: Node): EventReference {
  const { name, uid } = metadata
  return { apiVersion: 'v1', kind: 'Node', name, uid }
}

export function recordNodeEvent(
  events: EventRecorder,
  node: Node,
  reason: string,
  message: string,
): void {
  events.record(nodeReference(node), { type: 'Normal', reason, message })
}

/** Upstream's way to say that a node is in another state. */
export function recordNodeStatus(events: EventRecorder, node: Node, status: string): void {
  const { name = '' } = node.metadata
  recordNodeEvent(events, node, status, `Node ${name} status is now: ${status}`)
}
