import { scoreMax } from '../limits.ts'

/**
 * Scales scores so that the highest becomes 100; `reverse`: so that it becomes 0, where a high
 * score is bad. Rounds down. All zero stays all zero, or all 100.
 */
export function normalizeToHighest(scores: Float64Array, count: number, reverse: boolean): void {
  let highest = 0
  for (let i = 0; i < count; i++) highest = Math.max(highest, scores[i] ?? 0)
  for (let i = 0; i < count; i++) {
    const scaled = highest === 0 ? 0 : Math.trunc((scoreMax * (scores[i] ?? 0)) / highest)
    scores[i] = reverse ? scoreMax - scaled : scaled
  }
}
