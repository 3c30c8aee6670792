/** DefaultPreemptionArgs: after how many candidates the search for a better one ends. */
export interface PreemptionArgs {
  /** Of the nodes where evicting pods may help. */
  readonly minCandidateNodesPercentage: number
  readonly minCandidateNodesAbsolute: number
}

/** Throws a TypeError for what is no DefaultPreemptionArgs. */
export function readPreemptionArgs(args: unknown): PreemptionArgs {
  if (args !== undefined && (typeof args !== 'object' || args === null)) {
    throw new TypeError('plugin args are an object')
  }
  const { minCandidateNodesPercentage = 10, minCandidateNodesAbsolute = 100 } = Object.fromEntries(
    Object.entries(args ?? {}),
  )
  const percentage: unknown = minCandidateNodesPercentage
  const absolute: unknown = minCandidateNodesAbsolute
  if (typeof percentage !== 'number' || !(percentage >= 0 && percentage <= 100)) {
    throw new TypeError('minCandidateNodesPercentage is a number from 0 to 100')
  }
  if (typeof absolute !== 'number' || absolute < 0) {
    throw new TypeError('minCandidateNodesAbsolute is a number, not below 0')
  }
  if (percentage === 0 && absolute === 0) {
    throw new TypeError('minCandidateNodesPercentage and minCandidateNodesAbsolute are both 0')
  }
  return { minCandidateNodesPercentage: percentage, minCandidateNodesAbsolute: absolute }
}
