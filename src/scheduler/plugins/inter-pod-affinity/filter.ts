import type { Handle, RowFilter } from '../../framework/plugin.ts'
import { Status } from '../../framework/status.ts'
import type { Tally } from '../../node-table/tally.ts'
import type { PodShape } from '../../pod-info.ts'
import { following } from '../following.ts'
import { allMean, ownedAbout, talliesVersion, tallyOf } from './tallies.ts'

const name = 'InterPodAffinity'
const noAffinity = new Status(
  name,
  'UnschedulableAndUnresolvable',
  "node(s) didn't match pod affinity rules",
)
const antiAffinity = new Status(
  name,
  'Unschedulable',
  "node(s) didn't match pod anti-affinity rules",
)
const othersAntiAffinity = new Status(
  name,
  'Unschedulable',
  "node(s) didn't satisfy existing pods anti-affinity rules",
)

interface Rules {
  /** Pods that all required terms mean, one for each topology of these: some must be there. */
  readonly wanted: readonly Tally[]
  /** The pod is one of those it wants to be with, and so may be the first. */
  readonly mayBeFirst: boolean
  /** None of these may be there. */
  readonly unwanted: readonly Tally[]
  /** None of those that do not want it may be there. */
  readonly unwilling: readonly Tally[]
}

/** Affinity and anti-affinity that are required, the pod's own and that of the pods on nodes. */
export function affinityFilter(handle: Handle, shape: PodShape): RowFilter {
  const { required, requiredAnti } = shape.terms
  const topologies = [...new Set(required.map(({ topologyKey }) => topologyKey))]
  const rules = following(
    () => talliesVersion(handle),
    (): Rules => ({
      wanted: topologies.map((key) => tallyOf(handle, key, required)),
      mayBeFirst: allMean(handle, required, shape),
      unwanted: requiredAnti.map((term) => tallyOf(handle, term.topologyKey, [term])),
      unwilling: [...ownedAbout(handle, shape, ['requiredAnti'])].map(({ tally }) => tally),
    }),
  )
  return {
    dependsOn: 'pods',
    isIdle() {
      const { wanted, unwanted, unwilling } = rules()
      return wanted.length + unwanted.length + unwilling.length === 0
    },
    filter(row) {
      const { wanted, mayBeFirst, unwanted, unwilling } = rules()
      if (wanted.length > 0 && !hasCompany(wanted, row, mayBeFirst)) return noAffinity
      if (isAnyIn(unwanted, row)) return antiAffinity
      if (isAnyIn(unwilling, row)) return othersAntiAffinity
      return undefined
    },
  }
}

/** The node has all labels, and there are such pods in its domains, or none anywhere yet. */
function hasCompany(wanted: readonly Tally[], row: number, mayBeFirst: boolean): boolean {
  let isThere = true
  for (const tally of wanted) {
    const domain = tally.topology.domains[row] ?? -1
    if (domain === -1) return false
    if (tally.count(domain) === 0) isThere = false
  }
  return isThere || (mayBeFirst && wanted.every(({ total }) => total === 0))
}

function isAnyIn(tallies: readonly Tally[], row: number): boolean {
  for (const tally of tallies) {
    if (tally.count(tally.topology.domains[row] ?? -1) > 0) return true
  }
  return false
}
