import type { Node, NodeCondition } from '#api'

export function nodeCondition(
  { status }: Pick<Node, 'status'>,
  type: string,
): NodeCondition | undefined {
  return status.conditions?.find((condition) => condition.type === type)
}

export function isNodeReady(node: Node): boolean {
  return nodeCondition(node, 'Ready')?.status === 'True'
}
