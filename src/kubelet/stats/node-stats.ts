import { availableParallelism } from 'node:os'
import { cadvisorMetrics } from './cadvisor-metrics.ts'
import { CpuRates } from './cpu-rates.ts'
import { measureNode, type MeasuredNode } from './measure.ts'
import { resourceMetrics } from './resource-metrics.ts'
import type { NodeSample } from './sample.ts'
import { summary } from './summary.ts'

/** What the node and its pods use, measured when somebody asks. */
export class NodeStats {
  readonly #nodeName: string
  readonly #node: MeasuredNode
  readonly #rates = new CpuRates()
  /** Who asks meanwhile is told the same. */
  #measuring: Promise<NodeSample> | undefined

  constructor(nodeName: string, node: MeasuredNode) {
    this.#nodeName = nodeName
    this.#node = node
  }

  /** stats/v1alpha1 Summary. */
  async summary(onlyCpuAndMemory: boolean): Promise<object> {
    return summary(this.#nodeName, await this.#measure(), onlyCpuAndMemory)
  }

  async resourceMetrics(): Promise<string> {
    return resourceMetrics(await this.#measure())
  }

  async cadvisorMetrics(): Promise<string> {
    return cadvisorMetrics(await this.#measure(), availableParallelism())
  }

  #measure(): Promise<NodeSample> {
    this.#measuring ??= measureNode(this.#node, this.#rates).finally(() => {
      this.#measuring = undefined
    })
    return this.#measuring
  }
}
