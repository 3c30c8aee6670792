import type { Handle, Scorer } from '../../framework/plugin.ts'
import { scoreMax } from '../../limits.ts'
import type { TermSort } from '../../node-table/domain-column.ts'
import type { Tally } from '../../node-table/tally.ts'
import type { PodShape } from '../../pod-info.ts'
import { following } from '../following.ts'
import type { AffinityArgs } from './args.ts'
import { ownedAbout, talliesVersion, tallyOf } from './tallies.ts'

interface Weighed {
  readonly tally: Tally
  readonly weight: number
}

/**
 * Sums the weights of preferred terms, the pod's own and those of the pods on nodes that mean it,
 * by the pods in the node's domains; required affinity of others to it counts as well.
 */
export function affinityScorer(
  handle: Handle,
  shape: PodShape,
  { hardPodAffinityWeight, ignorePreferredTermsOfExistingPods }: AffinityArgs,
): Scorer | undefined {
  const { preferred } = shape.terms
  if (preferred.length === 0 && ignorePreferredTermsOfExistingPods) return undefined
  const sorts: readonly TermSort[] =
    hardPodAffinityWeight > 0 ? ['preferred', 'required'] : ['preferred']
  const weighed = following(
    () => talliesVersion(handle),
    (): Weighed[] => [
      ...preferred.map((term) => ({
        tally: tallyOf(handle, term.topologyKey, [term]),
        weight: term.weight,
      })),
      ...[...ownedAbout(handle, shape, sorts)].map(({ sort, term, tally }) => ({
        tally,
        weight: sort === 'required' ? hardPodAffinityWeight : term.weight,
      })),
    ],
  )
  return {
    isIdle: () => weighed().every(({ tally }) => tally.total === 0),
    score(rows, count, scores) {
      scores.fill(0, 0, count)
      for (const { tally, weight } of weighed()) {
        if (tally.total === 0) continue
        const { domains } = tally.topology
        for (let i = 0; i < count; i++) {
          const pods = tally.count(domains[rows[i] ?? 0] ?? -1)
          if (pods > 0) scores[i] = (scores[i] ?? 0) + pods * weight
        }
      }
      spreadOut(scores, count)
    },
  }
}

/** The lowest sum becomes 0, the highest 100; all 0 where all are the same. */
function spreadOut(scores: Float64Array, count: number): void {
  let lowest = Infinity
  let highest = -Infinity
  for (let i = 0; i < count; i++) {
    const score = scores[i] ?? 0
    if (score < lowest) lowest = score
    if (score > highest) highest = score
  }
  const range = highest - lowest
  for (let i = 0; i < count; i++) {
    scores[i] = range > 0 ? Math.trunc(scoreMax * (((scores[i] ?? 0) - lowest) / range)) : 0
  }
}
