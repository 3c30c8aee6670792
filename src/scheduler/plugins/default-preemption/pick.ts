import { must } from '#base'
import { startOf, type Candidate } from './victims.ts'

/**
 * The candidate that does the least harm, as upstream weighs it: fewest broken budgets, then the
 * lowest highest priority of a victim, the lowest sum of priorities, the fewest victims, and among
 * equals the one whose most important victims began last; then the first.
 */
export function pickCandidate(candidates: readonly Candidate[]): Candidate {
  let left = candidates
  for (const harm of [violations, highestPriority, priorities, count]) {
    const least = Math.min(...left.map(harm))
    left = left.filter((each) => harm(each) === least)
  }
  const first = must(left[0], 'there is a candidate')
  return left.reduce(
    (best, each) => (earliestStart(each) > earliestStart(best) ? each : best),
    first,
  )
}

const violations = (candidate: Candidate) => candidate.violations
const highestPriority = ({ victims }: Candidate) => victims[0]?.shape.priority ?? -(2 ** 31)
const count = ({ victims }: Candidate) => victims.length

/** Priorities may be below zero: shifted, so that more victims are never less harm. */
function priorities({ victims }: Candidate): number {
  return victims.reduce((sum, { shape }) => sum + shape.priority + 2 ** 31, 0)
}

/** Of the victims with the highest priority. */
function earliestStart(candidate: Candidate): string {
  const highest = highestPriority(candidate)
  const starts = candidate.victims
    .filter(({ shape }) => shape.priority === highest)
    .map((victim) => startOf(victim))
  return starts.reduce((a, b) => (a < b ? a : b), '~')
}
