import type { Node } from '#api'
import { must } from '#base'
import type { Plugin, PluginFactory } from '../framework/plugin.ts'
import { Status } from '../framework/status.ts'
import { NodeTable } from '../node-table/node-table.ts'
import type { PodInfo } from '../pod-info.ts'

/** A node and the pods on it. */
export interface Occupied {
  readonly node: Node
  readonly pods?: readonly PodInfo[]
}

/** A plugin over a table with these nodes. */
export class PluginBench {
  readonly table = new NodeTable()
  readonly plugin: Plugin

  constructor(factory: PluginFactory, nodes: readonly (Node | Occupied)[], args?: unknown) {
    this.plugin = factory({ table: this.table, bind: async () => {} }, args)
    for (const each of nodes) {
      const { node, pods = [] } = 'node' in each ? each : { node: each }
      const name = must(node.metadata.name, 'a node has a name')
      this.table.setNode(node)
      for (const pod of pods) this.table.setPod(pod, name)
    }
  }

  /** Why each node does not do, by name; those that do are left out. */
  rejections(pod: PodInfo): Record<string, string> {
    const found: Record<string, string> = {}
    const result = this.plugin.preFilter?.(pod)
    if (result === undefined) return found
    if (result instanceof Status) return { '*': describe(result) }
    for (const row of this.table.order) {
      const status = result.filter(row)
      if (status !== undefined) found[this.table.nameOf(row)] = describe(status)
    }
    return found
  }

  /** By node; undefined where the plugin does not score this pod. */
  scores(pod: PodInfo): Record<string, number> | undefined {
    const scorer = this.plugin.preScore?.(pod)
    if (scorer === undefined) return undefined
    const rows = this.table.order
    const scores = new Float64Array(rows.length)
    scorer.score(rows, rows.length, scores)
    return Object.fromEntries([...rows].map((row, at) => [this.table.nameOf(row), scores[at] ?? 0]))
  }
}

/** The reasons; with an exclamation mark where evicting pods would not help. */
function describe({ code, message }: Status): string {
  return code === 'UnschedulableAndUnresolvable' ? `${message} !` : message
}
