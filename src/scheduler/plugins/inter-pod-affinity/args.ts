/** InterPodAffinityArgs. */
export interface AffinityArgs {
  /** What a required affinity term of another pod weighs when it means the one to be placed. */
  readonly hardPodAffinityWeight: number
  /** A pod without preferences of its own is not scored by those of others. */
  readonly ignorePreferredTermsOfExistingPods: boolean
}

/** Throws a TypeError for what is no InterPodAffinityArgs. */
export function readAffinityArgs(args: unknown): AffinityArgs {
  if (args !== undefined && (typeof args !== 'object' || args === null)) {
    throw new TypeError('plugin args are an object')
  }
  const { hardPodAffinityWeight = 1, ignorePreferredTermsOfExistingPods = false } =
    Object.fromEntries(Object.entries(args ?? {}))
  const weight: unknown = hardPodAffinityWeight
  if (typeof weight !== 'number' || !(weight >= 0 && weight <= 100)) {
    throw new TypeError('hardPodAffinityWeight is a number from 0 to 100')
  }
  if (typeof ignorePreferredTermsOfExistingPods !== 'boolean') {
    throw new TypeError('ignorePreferredTermsOfExistingPods is true or false')
  }
  return { hardPodAffinityWeight: weight, ignorePreferredTermsOfExistingPods }
}
