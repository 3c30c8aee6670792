import type { TopologySpreadConstraint } from '#api'
import type { Handle, Plugin } from '../../framework/plugin.ts'
import { Status } from '../../framework/status.ts'
import type { Tally } from '../../node-table/tally.ts'
import type { PodShape } from '../../pod-info.ts'
import { following } from '../following.ts'
import { readSpreadArgs, type SpreadDefaults } from './args.ts'
import { constraintsFor, tallyOf, type Constraint } from './constraints.ts'
import { spreadEvents } from './hints.ts'
import { spreadScorer } from './scoring.ts'

const name = 'PodTopologySpread'
const mismatch = "node(s) didn't match pod topology spread constraints"
const tooSkewed = new Status(name, 'Unschedulable', mismatch)
const lacksLabel = new Status(
  name,
  'UnschedulableAndUnresolvable',
  `${mismatch} (missing required label)`,
)

/**
 * Spreads pods that are alike over the domains of a topology (KEP-895): where a constraint says
 * DoNotSchedule, a node is out whose domain would have more than `maxSkew` pods above the emptiest
 * one; where it says ScheduleAnyway, emptier domains are better. Pods without constraints that a
 * Service or a controller selects are spread over hosts and zones, softly.
 */
export function podTopologySpread(handle: Handle, args: unknown): Plugin {
  const defaults = readSpreadArgs(args)
  const hardDefaults = defaults.constraints.some(isHard)
  return {
    name,
    events: spreadEvents,
    preFilter({ shape }) {
      const own = shape.spreadConstraints
      const isFiltered = own.length > 0 ? own.some(isHard) : hardDefaults
      if (!isFiltered) return undefined
      return { dependsOn: 'pods', filter: skewFilter(handle, shape, defaults) }
    },
    preScore: ({ shape }) => spreadScorer(handle, shape, defaults),
  }
}

function isHard({ whenUnsatisfiable }: TopologySpreadConstraint): boolean {
  return whenUnsatisfiable === 'DoNotSchedule'
}

interface Measured {
  readonly constraint: Constraint
  readonly tally: Tally
  /** 1 where the pod would count itself. */
  readonly own: number
}

function skewFilter(
  { table: { domains }, objects }: Handle,
  shape: PodShape,
  defaults: SpreadDefaults,
): (row: number) => Status | undefined {
  const measured = following(
    () => domains.dropped + objects.selectorsVersion,
    (): Measured[] => {
      const constraints = constraintsFor(shape, 'DoNotSchedule', defaults, objects)
      const keys = constraints.map(({ topologyKey }) => topologyKey)
      return constraints.map((constraint) => ({
        constraint,
        tally: tallyOf(domains, shape, constraint, keys),
        own: constraint.selector.matches(shape.labels) ? 1 : 0,
      }))
    },
  )
  return (row) => {
    for (const { constraint, tally, own } of measured()) {
      const domain = tally.topology.domains[row] ?? -1
      if (domain === -1) return lacksLabel
      const fewest = tally.domainCount < constraint.minDomains ? 0 : tally.minimum
      if (tally.count(domain) + own - fewest > constraint.maxSkew) return tooSkewed
    }
    return undefined
  }
}
