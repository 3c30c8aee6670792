import type { Node } from '#api'
import { must } from '#base'
import { ClusterObjects } from '../cluster-objects.ts'
import type { ClusterEvent } from '../framework/cluster-event.ts'
import type { Handle, Plugin, PluginFactory } from '../framework/plugin.ts'
import { Status } from '../framework/status.ts'
import { NodeTable } from '../node-table/node-table.ts'
import type { PodInfo } from '../pod-info.ts'

/** A node and the pods on it. */
export interface Occupied {
  readonly node: Node
  readonly pods?: readonly PodInfo[]
}

/** What a plugin is made with where nothing is ever bound, nominated or evicted. */
export function testHandle(more: Partial<Handle> = {}): Handle {
  return {
    table: new NodeTable(),
    objects: new ClusterObjects(),
    filter: () => undefined,
    nominatedNode: () => '',
    isBeingEvicted: () => false,
    bind: async () => {},
    ...more,
  }
}

/** A plugin over a table with these nodes. */
export class PluginBench {
  readonly table = new NodeTable()
  readonly objects = new ClusterObjects()
  readonly plugin: Plugin

  constructor(factory: PluginFactory, nodes: readonly (Node | Occupied)[], args?: unknown) {
    this.plugin = factory(testHandle({ table: this.table, objects: this.objects }), args)
    for (const each of nodes) {
      const { node, pods = [] } = 'node' in each ? each : { node: each }
      const name = must(node.metadata.name, 'a node has a name')
      this.table.setNode(node)
      for (const pod of pods) this.table.setPod(pod, name)
    }
  }

  /** Why each node does not do, by name; those that do are left out. */
  rejections(pod: PodInfo): Record<string, string> {
    return this.asking(pod).rejections()
  }

  /** By node; undefined where the plugin has no say in this pod's score. */
  scores(pod: PodInfo): Record<string, number> | undefined {
    return this.asking(pod).scores()
  }

  /** Whether the plugin may change its mind about a pod it has rejected. */
  helps(pod: PodInfo, event: ClusterEvent): boolean {
    return (this.plugin.events ?? []).some((hint) => {
      if (hint.resource !== event.resource || !hint.actions.includes(event.action)) return false
      return hint.helps?.(pod, event) ?? true
    })
  }

  /** The same, with what the plugin makes of the pod's shape made once. */
  asking(pod: PodInfo) {
    const { table } = this
    const result = this.plugin.preFilter?.(pod)
    const scorer = this.plugin.preScore?.(pod)
    return {
      rejections(): Record<string, string> {
        const found: Record<string, string> = {}
        if (result === undefined) return found
        if (result instanceof Status) return { '*': describe(result) }
        if (result.isIdle?.() === true) return found
        for (const row of table.order) {
          const status = result.filter(row)
          if (status !== undefined) found[table.nameOf(row)] = describe(status)
        }
        return found
      },
      scores(): Record<string, number> | undefined {
        if (scorer === undefined || scorer.isIdle?.() === true) return undefined
        const rows = table.order
        const scores = new Float64Array(rows.length)
        scorer.score(rows, rows.length, scores)
        return Object.fromEntries([...rows].map((row, at) => [table.nameOf(row), scores[at] ?? 0]))
      },
    }
  }
}

/** The reasons; with an exclamation mark where evicting pods would not help. */
function describe({ code, message }: Status): string {
  return code === 'UnschedulableAndUnresolvable' ? `${message} !` : message
}
