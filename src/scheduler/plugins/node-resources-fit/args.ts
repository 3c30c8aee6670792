/** NodeResourcesFitArgs, as far as they are used. */
export interface FitArgs {
  readonly scoringStrategy: ScoringStrategy
}

export interface ScoringStrategy {
  readonly type: 'LeastAllocated' | 'MostAllocated' | 'RequestedToCapacityRatio'
  readonly resources: readonly WeightedResource[]
  /** Of RequestedToCapacityRatio: points of a broken line, by ascending utilization. */
  readonly shape: readonly UtilizationPoint[]
}

export interface WeightedResource {
  readonly name: string
  readonly weight: number
}

export interface UtilizationPoint {
  /** In percent. */
  readonly utilization: number
  /** 0 to 10. */
  readonly score: number
}

const defaultArgs: FitArgs = {
  scoringStrategy: {
    type: 'LeastAllocated',
    resources: [
      { name: 'cpu', weight: 1 },
      { name: 'memory', weight: 1 },
    ],
    shape: [],
  },
}

/** Throws a TypeError for what is no NodeResourcesFitArgs. */
export function readFitArgs(args: unknown): FitArgs {
  if (args === undefined) return defaultArgs
  const { scoringStrategy } = record(args)
  if (scoringStrategy === undefined) return defaultArgs
  const { type, resources, requestedToCapacityRatio } = record(scoringStrategy)
  if (
    type !== 'LeastAllocated' &&
    type !== 'MostAllocated' &&
    type !== 'RequestedToCapacityRatio'
  ) {
    throw new TypeError(`no scoring strategy: ${JSON.stringify(type)}`)
  }
  const { shape } = record(requestedToCapacityRatio ?? {})
  const points = list(shape ?? []).map((point) => {
    const { utilization, score } = record(point)
    return { utilization: number(utilization), score: number(score) }
  })
  if (type === 'RequestedToCapacityRatio' && points.length === 0) {
    throw new TypeError('RequestedToCapacityRatio needs a shape')
  }
  const weighted = list(resources ?? defaultArgs.scoringStrategy.resources).map((resource) => {
    const { name, weight } = record(resource)
    return { name: String(name), weight: weight === undefined ? 1 : number(weight) }
  })
  return { scoringStrategy: { type, resources: weighted, shape: points } }
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new TypeError('plugin args are an object')
  return Object.fromEntries(Object.entries(value))
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError('plugin args have a list there')
  return value
}

function number(value: unknown): number {
  if (typeof value !== 'number') throw new TypeError('plugin args have a number there')
  return value
}
