import type { Taint, Toleration } from '#api'

/**
 * How long a pod may stay on a node with these NoExecute taints, counted from when they met:
 * 0: it goes at once; undefined: it stays.
 */
export function toleratedMs(
  taints: readonly Taint[],
  tolerations: readonly Toleration[],
): number | undefined {
  let shortest: number | undefined
  for (const taint of taints) {
    const matching = tolerations.filter((toleration) => tolerates(toleration, taint))
    if (matching.length === 0) return 0
    for (const { tolerationSeconds } of matching) {
      if (tolerationSeconds === undefined) continue
      const ms = Math.max(0, tolerationSeconds * 1000)
      shortest = Math.min(shortest ?? ms, ms)
    }
  }
  return shortest
}

/** No effect is every effect, no key (with Exists) every key; the operator is Equal by default. */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  const { key = '', operator = '', value = '', effect = '' } = toleration
  if (effect !== '' && effect !== taint.effect) return false
  if (key !== '' && key !== taint.key) return false
  switch (operator) {
    case '':
    case 'Equal':
      return value === (taint.value ?? '')
    case 'Exists':
      return true
    default:
      // Gt and Lt are behind a gate that is off.
      return false
  }
}
