import type { Node } from '#api'

/**
 * Rows in the order in which nodes are tried: one of each zone after another, so that the first
 * few hundred of a large cluster are of all its zones.
 */
export function zoneOrder(nodes: Iterable<readonly [row: number, node: Node]>): Int32Array {
  const zones = new Map<string, number[]>()
  let count = 0
  for (const [row, node] of nodes) {
    const zone = zoneOf(node)
    const rows = zones.get(zone)
    if (rows === undefined) zones.set(zone, [row])
    else rows.push(row)
    count++
  }
  const order = new Int32Array(count)
  let filled = 0
  for (let round = 0; filled < count; round++) {
    for (const rows of zones.values()) {
      const row = rows[round]
      if (row !== undefined) order[filled++] = row
    }
  }
  return order
}

/** Region and zone of a node, as one key. */
export function zoneOf({ metadata }: Node): string {
  const label = (...names: string[]) =>
    names.map((name) => metadata.labels?.[name]).find((value) => value !== undefined) ?? ''
  const region = label('topology.kubernetes.io/region', 'failure-domain.beta.kubernetes.io/region')
  const zone = label('topology.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/zone')
  return `${region}\0${zone}`
}
