import type { TopologySpreadConstraint } from '#api'

/** Constraints for pods that have none (PodTopologySpreadArgs). */
export interface SpreadDefaults {
  readonly constraints: readonly TopologySpreadConstraint[]
  /** Nodes need not have labels for all of them. */
  readonly lenient: boolean
}

/** Upstream's System defaults. */
const systemDefaults: SpreadDefaults = {
  constraints: [
    { maxSkew: 3, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway' },
    { maxSkew: 5, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway' },
  ],
  lenient: true,
}

/** Throws a TypeError for what is no PodTopologySpreadArgs. */
export function readSpreadArgs(args: unknown): SpreadDefaults {
  if (args === undefined) return systemDefaults
  const { defaultConstraints = [], defaultingType = 'System' } = record(args)
  if (!Array.isArray(defaultConstraints)) throw new TypeError('defaultConstraints is a list')
  if (defaultingType === 'System') {
    if (defaultConstraints.length === 0) return systemDefaults
    throw new TypeError('defaultConstraints need defaultingType List')
  }
  if (defaultingType !== 'List') {
    throw new TypeError(`no defaulting type: ${JSON.stringify(defaultingType)}`)
  }
  return { constraints: defaultConstraints.map(readConstraint), lenient: false }
}

function readConstraint(value: unknown): TopologySpreadConstraint {
  const { maxSkew, topologyKey, whenUnsatisfiable, labelSelector } = record(value)
  if (typeof maxSkew !== 'number' || maxSkew <= 0) {
    throw new TypeError('maxSkew of a default constraint is a number above 0')
  }
  if (typeof topologyKey !== 'string' || topologyKey === '') {
    throw new TypeError('a default constraint has a topologyKey')
  }
  if (whenUnsatisfiable !== 'DoNotSchedule' && whenUnsatisfiable !== 'ScheduleAnyway') {
    throw new TypeError(`whenUnsatisfiable cannot be ${JSON.stringify(whenUnsatisfiable)}`)
  }
  if (labelSelector !== undefined) {
    throw new TypeError('a default constraint has no labelSelector: it follows from the pod')
  }
  return { maxSkew, topologyKey, whenUnsatisfiable }
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new TypeError('plugin args are an object')
  return Object.fromEntries(Object.entries(value))
}
