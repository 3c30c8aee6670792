import type { Node } from '#api'

/** Nodes are evicted zone by zone; a node that names none is in the zone ''. */
export function zoneOf({ metadata }: Node): string {
  const { labels = {} } = metadata
  const region = labels['topology.kubernetes.io/region'] ?? ''
  const zone = labels['topology.kubernetes.io/zone'] ?? ''
  // The separator is upstream's, and in no label.
  return region === '' && zone === '' ? '' : `${region}:\u0000:${zone}`
}

export type ZoneState = 'Initial' | 'Normal' | 'PartialDisruption' | 'FullDisruption'

export interface ZoneCount {
  readonly ready: number
  readonly notReady: number
}

export interface DisruptionOptions {
  readonly evictionRate: number
  readonly secondaryEvictionRate: number
  readonly largeClusterSizeThreshold: number
  readonly unhealthyZoneThreshold: number
}

export interface Disruption {
  readonly states: ReadonlyMap<string, ZoneState>
  /**
   * `entering`: no node of any zone is ready any more. That rather is the control plane's own
   * trouble, so all evictions stop and are taken back. `leaving`: the first that came back; the
   * others get the time to come back, too.
   */
  readonly mode: 'entering' | 'leaving' | 'usual'
  /** Nodes a second, for the zones where it changes; 0: none. */
  readonly rates: ReadonlyMap<string, number>
}

export function zoneState({ ready, notReady }: ZoneCount, unhealthyThreshold: number): ZoneState {
  if (ready === 0 && notReady > 0) return 'FullDisruption'
  const unhealthy = notReady > 2 && notReady / (ready + notReady) >= unhealthyThreshold
  return unhealthy ? 'PartialDisruption' : 'Normal'
}

/** How fast the pods of each zone may be evicted, now that so many of its nodes are ready. */
export function disruption(
  before: ReadonlyMap<string, ZoneState>,
  zones: ReadonlyMap<string, ZoneCount>,
  options: DisruptionOptions,
): Disruption {
  const states = new Map<string, ZoneState>()
  for (const [zone, count] of zones)
    states.set(zone, zoneState(count, options.unhealthyZoneThreshold))
  const allAre = [...states.values()].every((state) => state === 'FullDisruption')
  const allWere = [...states.keys()].every((zone) => before.get(zone) === 'FullDisruption')
  const rates = new Map<string, number>()
  if (allAre) {
    if (allWere) return { states, mode: 'usual', rates }
    for (const zone of states.keys()) rates.set(zone, 0)
    return { states, mode: 'entering', rates }
  }
  for (const [zone, state] of states) {
    if (!allWere && before.get(zone) === state) continue
    rates.set(zone, rateOf(state, zones.get(zone), options))
  }
  return { states, mode: allWere ? 'leaving' : 'usual', rates }
}

function rateOf(
  state: ZoneState,
  count: ZoneCount | undefined,
  options: DisruptionOptions,
): number {
  if (state !== 'PartialDisruption') return options.evictionRate
  const size = (count?.ready ?? 0) + (count?.notReady ?? 0)
  return size > options.largeClusterSizeThreshold ? options.secondaryEvictionRate : 0
}
