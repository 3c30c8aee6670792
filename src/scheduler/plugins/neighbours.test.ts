import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Node } from '#api'
import { must, seededRandom, type Random } from '#base'
import type { Labels } from '#machinery'
import type { PodInfo } from '../pod-info.ts'
import { naiveAffinityRejections, naiveAffinityScores } from '../testing/naive-affinity.ts'
import { naiveSpreadRejections, naiveSpreadScores, type Peopled } from '../testing/naive-spread.ts'
import { namespaces, randomNode, randomPod } from '../testing/neighbours.ts'
import { PluginBench } from '../testing/plugin.ts'
import { interPodAffinity } from './inter-pod-affinity/inter-pod-affinity.ts'
import { podTopologySpread } from './pod-topology-spread/pod-topology-spread.ts'

/** The same cluster three times: in the tables of both plugins, and as plain lists. */
class Model {
  readonly spread = new PluginBench(podTopologySpread, [])
  readonly affinity = new PluginBench(interPodAffinity, [])
  readonly labels = new Map<string, Labels>()
  readonly #random: Random
  readonly #nodes = new Map<string, Node>()
  readonly #pods = new Map<string, { readonly pod: PodInfo; readonly nodeName: string }>()
  #made = 0

  constructor(random: Random) {
    this.#random = random
  }

  peopled(): Peopled[] {
    return [...this.#nodes].map(([name, node]) => ({
      node,
      pods: [...this.#pods.values()]
        .filter(({ nodeName }) => nodeName === name)
        .map(({ pod }) => pod),
    }))
  }

  step(): void {
    const random = this.#random
    const name = `node-${random.integer(8)}`
    switch (random.integer(10)) {
      case 0:
      case 1: {
        const node = randomNode(random, name)
        this.#nodes.set(name, node)
        return this.#each(({ table }) => table.setNode(node))
      }
      case 2:
        if (random.integer(3) > 0) return
        this.#nodes.delete(name)
        return this.#each(({ table }) => table.removeNode(name))
      case 3:
      case 4: {
        const [uid] = this.#pods.keys().drop(random.integer(Math.max(1, this.#pods.size)))
        if (uid === undefined) return
        this.#pods.delete(uid)
        return this.#each(({ table }) => table.removePod(uid))
      }
      case 5: {
        const namespace = must(namespaces[random.integer(2)], 'there are two')
        const labels = random.integer(2) === 0 ? { team: 'one' } : {}
        this.labels.set(namespace, labels)
        return this.#each(({ objects }) => objects.setNamespace(namespace, labels))
      }
      default: {
        // Now and then one that is there changes.
        const number = random.integer(6) === 0 ? random.integer(this.#made + 1) : this.#made++
        const pod = randomPod(random, `pod-${number}`)
        this.#pods.set(pod.uid, { pod, nodeName: name })
        return this.#each(({ table }) => table.setPod(pod, name))
      }
    }
  }

  #each(change: (bench: PluginBench) => void): void {
    for (const bench of [this.spread, this.affinity]) change(bench)
  }
}

const withoutSay = (nodes: readonly Peopled[]) =>
  Object.fromEntries(nodes.map(({ node }) => [node.metadata.name, 0]))

describe('spreading and affinity by increments say what counting anew says', () => {
  for (let seed = 1; seed <= 20; seed++) {
    it(`seed ${seed}`, () => {
      const random = seededRandom(seed)
      const model = new Model(random)
      const waiting = Array.from({ length: 6 }, (_, i) => randomPod(random, `waiting-${i}`))
      // As in a plan, what a plugin made of a shape is used again and again.
      const asked = waiting.map((pod) => ({
        pod,
        spread: model.spread.asking(pod),
        affinity: model.affinity.asking(pod),
      }))
      for (let step = 0; step < 150; step++) {
        model.step()
        const nodes = model.peopled()
        const { pod, spread, affinity } = must(asked[random.integer(6)], 'there are six')
        assert.deepEqual(spread.rejections(), naiveSpreadRejections(nodes, pod))
        assert.deepEqual(spread.scores(), naiveSpreadScores(nodes, pod))
        const { labels } = model
        assert.deepEqual(affinity.rejections(), naiveAffinityRejections(nodes, pod, labels))
        const scores = naiveAffinityScores(nodes, pod, labels)
        assert.deepEqual(affinity.scores() ?? withoutSay(nodes), scores)
        model.spread.table.checkInvariants()
      }
    })
  }
})
