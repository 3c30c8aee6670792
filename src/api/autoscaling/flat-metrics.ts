import type { Json } from '#machinery'
import type { MetricSpec, MetricStatus } from './horizontal-pod-autoscaler.ts'

/**
 * The form metrics have in the annotations of autoscaling/v1: names and amounts beside each other,
 * and differently named for each type.
 */
type Flat = { readonly [key: string]: Json }

interface Parts {
  readonly [name: string]: unknown
}

/** How each type of metric names its parts: flat name → path in v2 below the metric's own field. */
const specPaths: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  resource: {
    name: 'name',
    targetAverageUtilization: 'target.averageUtilization',
    targetAverageValue: 'target.averageValue',
  },
  containerResource: {
    name: 'name',
    targetAverageUtilization: 'target.averageUtilization',
    targetAverageValue: 'target.averageValue',
    container: 'container',
  },
  pods: {
    metricName: 'metric.name',
    targetAverageValue: 'target.averageValue',
    selector: 'metric.selector',
  },
  object: {
    target: 'describedObject',
    metricName: 'metric.name',
    targetValue: 'target.value',
    selector: 'metric.selector',
    averageValue: 'target.averageValue',
  },
  external: {
    metricName: 'metric.name',
    metricSelector: 'metric.selector',
    targetValue: 'target.value',
    targetAverageValue: 'target.averageValue',
  },
}

const statusPaths: Readonly<Record<string, Readonly<Record<string, string>>>> = Object.fromEntries(
  Object.entries(specPaths).map(([type, paths]) => [type, ofStatus(paths)]),
)

/** The same with `current` for `target`, but for the object a metric describes. */
function ofStatus(paths: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(paths).map(([flat, path]) => [
      path === 'describedObject' ? flat : flat.replace(/^target/, 'current'),
      path.replace(/^target\./, 'current.'),
    ]),
  )
}

export function metricSpecToFlat(spec: MetricSpec): Flat {
  return toFlat(spec, specPaths)
}

export function metricStatusToFlat(status: MetricStatus): Flat {
  return toFlat(status, statusPaths)
}

export function metricSpecFromFlat(flat: Flat): MetricSpec {
  const spec = fromFlat(flat, specPaths)
  for (const source of Object.values(spec)) {
    if (isParts(source) && isParts(source['target'])) source['target']['type'] = targetType(source)
  }
  return spec as unknown as MetricSpec
}

export function metricStatusFromFlat(flat: Flat): MetricStatus {
  return fromFlat(flat, statusPaths) as unknown as MetricStatus
}

/** v1 does not say what a target is measured in; it follows from which amount is there. */
function targetType(source: Record<string, unknown>): string {
  const target = source['target']
  if (!isParts(target) || target['averageUtilization'] !== undefined) return 'Utilization'
  return target['averageValue'] === undefined ? 'Value' : 'AverageValue'
}

function toFlat(metric: Parts, types: Readonly<Record<string, Readonly<Record<string, string>>>>) {
  const flat: Record<string, Json> = { type: String(metric['type']) }
  for (const [type, paths] of Object.entries(types)) {
    const source = metric[type]
    if (!isParts(source)) continue
    const parts: Record<string, Json> = {}
    for (const [name, path] of Object.entries(paths)) {
      const value = read(source, path)
      // Upstream keeps the first amount of an object metric even when the other one is meant.
      if (value !== undefined) parts[name] = value as Json
      else if (/^(target|current)Value$/.test(name) && type === 'object') parts[name] = '0'
    }
    flat[type] = parts
  }
  return flat
}

function fromFlat(
  flat: Flat,
  types: Readonly<Record<string, Readonly<Record<string, string>>>>,
): Record<string, unknown> {
  const metric: Record<string, unknown> = { type: flat['type'] }
  for (const [type, paths] of Object.entries(types)) {
    const parts = flat[type]
    if (!isParts(parts)) continue
    const source: Record<string, unknown> = {}
    const average = parts['averageValue'] !== undefined
    for (const [name, path] of Object.entries(paths)) {
      if (average && /^(target|current)Value$/.test(name) && parts[name] === '0') continue
      if (parts[name] !== undefined) write(source, path, parts[name])
    }
    metric[type] = source
  }
  return metric
}

function read(source: Parts, path: string): unknown {
  const [first = '', second] = path.split('.')
  const value = source[first]
  if (second === undefined) return value
  return isParts(value) ? value[second] : undefined
}

function write(source: Record<string, unknown>, path: string, value: unknown): void {
  const [first = '', second] = path.split('.')
  if (second === undefined) {
    source[first] = value
    return
  }
  const inner = isParts(source[first]) ? source[first] : {}
  inner[second] = value
  source[first] = inner
}

function isParts(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
